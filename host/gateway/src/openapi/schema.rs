//! JSON Schema of WIT types, by the codec's table.

use std::collections::HashMap;

use fondaco_engine::{Code, Fault};
use serde_json::{Map, Value, json};
use wit_parser::{Docs, Function, InterfaceId, Resolve, Type, TypeDefKind, TypeId, TypeOwner, WorldItem};

use super::Described;
use super::parameters::Input;
use crate::codec::camel;

/// Reads the exported functions of a component with their types and docs.
pub(super) fn describe(component: &[u8], contracts: &Resolve) -> Result<Described, Fault> {
    let invalid = |why: String| Fault::new(Code::InvalidArgument, "NOT_A_COMPONENT", why);
    let decoded = wit_parser::decoding::decode(component).map_err(|error| invalid(format!("{error:#}")))?;
    let wit_parser::decoding::DecodedWasm::Component(mut resolve, world) = decoded else {
        return Err(invalid("these bytes hold WIT and no component".to_owned()));
    };
    crate::docs::adopt(&mut resolve, contracts);
    let mut schemas = Schemas { resolve: &resolve, named: Map::new(), names: HashMap::new() };
    let (mut operations, mut inputs) = (HashMap::new(), HashMap::new());
    let exports = resolve.worlds.get(world).into_iter().flat_map(|world| world.exports.values());
    for item in exports {
        let WorldItem::Interface { id, .. } = item else { continue };
        let (Some(name), Some(interface)) = (resolve.id_of(*id), resolve.interfaces.get(*id)) else { continue };
        for function in interface.functions.values() {
            let key = (name.clone(), function.name.clone());
            inputs.insert(key.clone(), schemas.inputs(function));
            operations.insert(key, schemas.operation(function));
        }
    }
    Ok(Described { operations, inputs, schemas: schemas.named })
}

struct Schemas<'a> {
    resolve: &'a Resolve,
    named: Map<String, Value>,
    names: HashMap<TypeId, String>,
}

impl Schemas<'_> {
    fn operation(&mut self, function: &Function) -> Value {
        let mut operation = Map::new();
        if let Some(docs) = text(&function.docs) {
            let summary = docs.split(". ").next().unwrap_or_default().trim_end_matches('.');
            operation.insert("summary".into(), json!(summary.replace('\n', " ")));
            operation.insert("description".into(), json!(docs));
        }
        let body = self.body(function);
        operation.insert(
            "requestBody".into(),
            json!({ "required": !function.params.is_empty(), "content": { "application/json": { "schema": body } } }),
        );
        operation.insert("responses".into(), self.responses(function.result.as_ref()));
        Value::Object(operation)
    }

    fn inputs(&mut self, function: &Function) -> Vec<Input> {
        function.params.iter().map(|param| self.input(&param.name, &param.ty, NO_DOCS)).collect()
    }

    fn input(&mut self, name: &str, ty: &Type, docs: &Docs) -> Input {
        let resolve = self.resolve;
        let fields = match kind_of(resolve, ty) {
            Some(TypeDefKind::Record(record)) => {
                Some(record.fields.iter().map(|field| self.field(&field.name, &field.ty, &field.docs)).collect())
            }
            _ => None,
        };
        Input { fields, ..self.field(name, ty, docs) }
    }

    fn field(&mut self, name: &str, ty: &Type, docs: &Docs) -> Input {
        let mut schema = self.of(ty);
        if let (Some(docs), Value::Object(schema)) = (text(docs), &mut schema) {
            schema.insert("description".into(), json!(docs));
        }
        let required = !self.is_option(ty);
        Input { name: camel(name), schema, required, fields: None, in_url: in_url(self.resolve, ty) }
    }

    fn body(&mut self, function: &Function) -> Value {
        if let [only] = function.params.as_slice()
            && self.is_record(&only.ty)
        {
            return self.of(&only.ty);
        }
        let fields: Vec<(&str, &Type, &Docs)> =
            function.params.iter().map(|param| (param.name.as_str(), &param.ty, NO_DOCS)).collect();
        self.object(&fields)
    }

    fn responses(&mut self, result: Option<&Type>) -> Value {
        let answer = match result.map(|ty| self.resolved(ty)) {
            Some(Resolved::Result(ok)) => ok,
            Some(Resolved::Other) => result.copied(),
            None => None,
        };
        let fault = json!({ "$ref": "#/components/responses/Fault" });
        match answer {
            None => json!({ "204": { "description": "Done." }, "default": fault }),
            Some(ty) => json!({
                "200": { "description": "The answer.", "content": { "application/json": { "schema": self.of(&ty) } } },
                "default": fault,
            }),
        }
    }

    fn resolved(&self, ty: &Type) -> Resolved {
        match self.kind(ty) {
            Some(TypeDefKind::Result(result)) => Resolved::Result(result.ok),
            _ => Resolved::Other,
        }
    }

    fn kind(&self, ty: &Type) -> Option<&TypeDefKind> {
        kind_of(self.resolve, ty)
    }

    fn is_record(&self, ty: &Type) -> bool {
        matches!(self.kind(ty), Some(TypeDefKind::Record(_)))
    }

    fn is_option(&self, ty: &Type) -> bool {
        matches!(self.kind(ty), Some(TypeDefKind::Option(_)))
    }

    fn of(&mut self, ty: &Type) -> Value {
        let integer = |least: i64, greatest: u64| json!({ "type": "integer", "minimum": least, "maximum": greatest });
        match ty {
            Type::Bool => json!({ "type": "boolean" }),
            Type::U8 => integer(0, u8::MAX.into()),
            Type::U16 => integer(0, u16::MAX.into()),
            Type::U32 => integer(0, u32::MAX.into()),
            Type::S8 => integer(i8::MIN.into(), 127),
            Type::S16 => integer(i16::MIN.into(), 32_767),
            Type::S32 => integer(i32::MIN.into(), 2_147_483_647),
            Type::U64 => json!({ "type": "integer", "format": "uint64", "minimum": 0 }),
            Type::S64 => json!({ "type": "integer", "format": "int64" }),
            Type::F32 => json!({ "type": "number", "format": "float" }),
            Type::F64 => json!({ "type": "number", "format": "double" }),
            Type::Char => json!({ "type": "string", "minLength": 1, "maxLength": 2 }),
            Type::String => json!({ "type": "string" }),
            Type::ErrorContext => json!(false),
            Type::Id(id) => self.of_id(*id),
        }
    }

    /// Named types stand in the document once; the others where they are used.
    fn of_id(&mut self, id: TypeId) -> Value {
        let resolve = self.resolve;
        let Some(def) = resolve.types.get(id) else { return json!(true) };
        if let TypeDefKind::Type(alias) = &def.kind {
            return self.of(alias);
        }
        let Some(own) = &def.name else { return self.of_kind(&def.kind) };
        if let Some(known) = self.names.get(&id) {
            return json!({ "$ref": format!("#/components/schemas/{known}") });
        }
        let name = match def.owner {
            TypeOwner::Interface(interface) => format!("{}.{}", self.qualifier(interface), pascal(own)),
            _ => pascal(own),
        };
        self.names.insert(id, name.clone());
        let mut schema = self.of_kind(&def.kind);
        if let (Some(docs), Value::Object(schema)) = (text(&def.docs), &mut schema) {
            let known = schema.get("description").and_then(Value::as_str).map(|more| format!("\n\n{more}"));
            schema.insert("description".into(), json!(docs + known.as_deref().unwrap_or_default()));
        }
        let reference = json!({ "$ref": format!("#/components/schemas/{name}") });
        self.named.insert(name, schema);
        reference
    }

    /// `pricing.quotes`
    fn qualifier(&self, interface: InterfaceId) -> String {
        let interface = self.resolve.interfaces.get(interface);
        let package = interface.and_then(|interface| self.resolve.packages.get(interface.package?));
        let package = package.map(|package| package.name.name.as_str()).unwrap_or_default();
        format!("{package}.{}", interface.and_then(|interface| interface.name.as_deref()).unwrap_or_default())
    }

    fn of_kind(&mut self, kind: &TypeDefKind) -> Value {
        match kind {
            TypeDefKind::Record(record) => {
                let fields: Vec<(&str, &Type, &Docs)> =
                    record.fields.iter().map(|field| (field.name.as_str(), &field.ty, &field.docs)).collect();
                self.object(&fields)
            }
            TypeDefKind::Tuple(tuple) => {
                let items: Vec<Value> = tuple.types.iter().map(|ty| self.of(ty)).collect();
                json!({ "type": "array", "prefixItems": items, "minItems": items.len(), "maxItems": items.len() })
            }
            TypeDefKind::List(Type::U8) => json!({ "type": "string", "contentEncoding": "base64" }),
            TypeDefKind::List(of) => json!({ "type": "array", "items": self.of(of) }),
            TypeDefKind::FixedLengthList(of, length) => {
                json!({ "type": "array", "items": self.of(of), "minItems": length, "maxItems": length })
            }
            TypeDefKind::Map(key, value) => {
                let pair = [self.of(key), self.of(value)];
                json!({ "type": "array", "items": { "type": "array", "prefixItems": pair, "minItems": 2, "maxItems": 2 } })
            }
            TypeDefKind::Option(of) if self.is_option(of) => {
                let some = json!({ "type": "object", "properties": { "some": self.of(of) }, "required": ["some"] });
                json!({ "anyOf": [some, { "type": "null" }] })
            }
            TypeDefKind::Option(of) => json!({ "anyOf": [self.of(of), { "type": "null" }] }),
            TypeDefKind::Result(result) => {
                let cases = [("ok", result.ok, NO_DOCS), ("err", result.err, NO_DOCS)];
                self.one_of(&cases)
            }
            TypeDefKind::Variant(variant) => {
                let cases: Vec<_> =
                    variant.cases.iter().map(|case| (case.name.as_str(), case.ty, &case.docs)).collect();
                self.one_of(&cases)
            }
            TypeDefKind::Enum(names) => {
                let words: Vec<&str> = names.cases.iter().map(|case| case.name.as_str()).collect();
                let meanings = names.cases.iter().map(|case| (case.name.as_str(), &case.docs));
                described(json!({ "type": "string", "enum": words }), meanings)
            }
            TypeDefKind::Flags(names) => {
                let words: Vec<&str> = names.flags.iter().map(|flag| flag.name.as_str()).collect();
                json!({ "type": "array", "uniqueItems": true, "items": { "type": "string", "enum": words } })
            }
            TypeDefKind::Type(alias) => self.of(alias),
            TypeDefKind::Resource
            | TypeDefKind::Handle(_)
            | TypeDefKind::Future(_)
            | TypeDefKind::Stream(_)
            | TypeDefKind::Unknown => json!(false),
        }
    }

    fn object(&mut self, fields: &[(&str, &Type, &Docs)]) -> Value {
        let mut properties = Map::new();
        let mut required = Vec::new();
        for (name, ty, docs) in fields {
            let mut schema = self.of(ty);
            if let (Some(docs), Value::Object(schema)) = (text(docs), &mut schema) {
                schema.insert("description".into(), json!(docs));
            }
            let json_name = camel(name);
            if !self.is_option(ty) {
                required.push(json_name.clone());
            }
            properties.insert(json_name, schema);
        }
        json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
    }

    fn one_of(&mut self, cases: &[(&str, Option<Type>, &Docs)]) -> Value {
        let schemas: Vec<Value> = cases
            .iter()
            .map(|(name, payload, docs)| {
                let mut schema = match payload {
                    None => json!({ "const": name }),
                    Some(ty) => json!({
                        "type": "object",
                        "properties": { *name: self.of(ty) },
                        "required": [name],
                        "additionalProperties": false,
                    }),
                };
                if let (Some(docs), Value::Object(schema)) = (text(docs), &mut schema) {
                    schema.insert("description".into(), json!(docs));
                }
                schema
            })
            .collect();
        json!({ "oneOf": schemas })
    }
}

/// What is behind a type's names; none where it is one of WIT's own.
fn kind_of<'a>(resolve: &'a Resolve, ty: &Type) -> Option<&'a TypeDefKind> {
    let Type::Id(id) = ty else { return None };
    match &resolve.types.get(*id)?.kind {
        TypeDefKind::Type(alias) => kind_of(resolve, alias),
        kind => Some(kind),
    }
}

/// Whether a value is one text, or a list of such.
fn in_url(resolve: &Resolve, ty: &Type) -> bool {
    match kind_of(resolve, ty) {
        None | Some(TypeDefKind::Enum(_) | TypeDefKind::Flags(_)) => true,
        Some(TypeDefKind::Option(of)) => in_url(resolve, of),
        Some(TypeDefKind::List(of)) => matches!(kind_of(resolve, of), None | Some(TypeDefKind::Enum(_))),
        Some(_) => false,
    }
}

enum Resolved {
    /// A result, with its ok side.
    Result(Option<Type>),
    Other,
}

const NO_DOCS: &Docs = &Docs { contents: None };

fn text(docs: &Docs) -> Option<String> {
    docs.contents.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Enum words have no place for docs of their own in JSON Schema.
fn described<'a>(mut schema: Value, meanings: impl Iterator<Item = (&'a str, &'a Docs)>) -> Value {
    let lines: Vec<String> =
        meanings.filter_map(|(word, docs)| text(docs).map(|docs| format!("- `{word}`: {docs}"))).collect();
    if let (false, Value::Object(schema)) = (lines.is_empty(), &mut schema) {
        schema.insert("description".into(), json!(lines.join("\n")));
    }
    schema
}

/// `priced-cart` → `PricedCart`
fn pascal(kebab: &str) -> String {
    let mut name = camel(kebab);
    if let Some(first) = name.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    name
}
