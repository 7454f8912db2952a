//! The interfaces of a component, with types and docs as far as they are in it.

use serde::Serialize;
use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{
    Function, FunctionKind, Handle, InterfaceId, Resolve, Type, TypeDefKind, TypeId, WorldItem, WorldKey,
};

use crate::output::Output;

/// What a component gives and takes.
pub(super) struct World {
    pub(super) exports: Vec<Interface>,
    pub(super) imports: Vec<Interface>,
}

/// An interface, or a function that stands alone.
#[derive(Serialize)]
pub(super) struct Interface {
    pub(super) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    docs: Option<String>,
    functions: Vec<Signature>,
    types: Vec<Declared>,
}

#[derive(Serialize)]
struct Signature {
    name: String,
    #[serde(rename = "signature")]
    shape: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    docs: Option<String>,
}

#[derive(Serialize)]
struct Declared {
    name: String,
    /// As WIT.
    definition: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    docs: Option<String>,
}

pub(super) fn read(component: &[u8]) -> Result<World, String> {
    let decoded = decode(component).map_err(|error| format!("not a component: {error:#}"))?;
    let DecodedWasm::Component(mut resolve, world) = decoded else {
        return Err("a WIT package, not a component".to_owned());
    };
    fondaco_gateway::docs::adopt(&mut resolve, &crate::contracts::resolve());
    let world = resolve.worlds.get(world).ok_or("a component without a world")?;
    Ok(World {
        exports: world.exports.iter().filter_map(|(key, item)| interface(&resolve, key, item, true)).collect(),
        imports: world.imports.iter().filter_map(|(key, item)| interface(&resolve, key, item, false)).collect(),
    })
}

fn interface(resolve: &Resolve, key: &WorldKey, item: &WorldItem, with_types: bool) -> Option<Interface> {
    let name = resolve.name_world_key(key);
    match item {
        WorldItem::Interface { id, .. } => of_interface(resolve, *id, name, with_types),
        WorldItem::Function(function) => {
            let functions = vec![signature(resolve, function)];
            Some(Interface { name, docs: None, functions, types: Vec::new() })
        }
        WorldItem::Type { .. } => None,
    }
}

fn of_interface(resolve: &Resolve, id: InterfaceId, name: String, with_types: bool) -> Option<Interface> {
    let interface = resolve.interfaces.get(id)?;
    let own_types = interface.types.iter().filter(|_| with_types);
    Some(Interface {
        name,
        docs: interface.docs.contents.clone(),
        functions: interface.functions.values().map(|function| signature(resolve, function)).collect(),
        types: own_types.filter_map(|(name, id)| declared(resolve, name, *id)).collect(),
    })
}

fn signature(resolve: &Resolve, function: &Function) -> Signature {
    let params: Vec<String> =
        function.params.iter().map(|param| format!("{}: {}", param.name, type_text(resolve, &param.ty))).collect();
    let result = function.result.as_ref().map(|ty| format!(" -> {}", type_text(resolve, ty))).unwrap_or_default();
    let prefix = match function.kind {
        FunctionKind::AsyncFreestanding | FunctionKind::AsyncMethod(_) | FunctionKind::AsyncStatic(_) => "async ",
        _ => "",
    };
    Signature {
        name: function.name.clone(),
        shape: format!("{prefix}func({}){result}", params.join(", ")),
        docs: function.docs.contents.clone(),
    }
}

/// Aliases of other interfaces' types are left out.
fn declared(resolve: &Resolve, name: &str, id: TypeId) -> Option<Declared> {
    let def = resolve.types.get(id)?;
    let ty = |ty: &Type| type_text(resolve, ty);
    let definition = match &def.kind {
        TypeDefKind::Record(record) => {
            let fields = record.fields.iter().map(|field| format!("{}: {}", field.name, ty(&field.ty)));
            format!("record {{ {} }}", fields.collect::<Vec<_>>().join(", "))
        }
        TypeDefKind::Variant(variant) => {
            let cases = variant.cases.iter().map(|case| match &case.ty {
                Some(payload) => format!("{}({})", case.name, ty(payload)),
                None => case.name.clone(),
            });
            format!("variant {{ {} }}", cases.collect::<Vec<_>>().join(", "))
        }
        TypeDefKind::Enum(names) => {
            let cases: Vec<&str> = names.cases.iter().map(|case| case.name.as_str()).collect();
            format!("enum {{ {} }}", cases.join(", "))
        }
        TypeDefKind::Flags(names) => {
            let flags: Vec<&str> = names.flags.iter().map(|flag| flag.name.as_str()).collect();
            format!("flags {{ {} }}", flags.join(", "))
        }
        TypeDefKind::Resource => "resource".to_owned(),
        TypeDefKind::Type(Type::Id(other)) if type_name(resolve, *other).is_some() => return None,
        TypeDefKind::Type(alias) => ty(alias),
        other => kind_text(resolve, other),
    };
    Some(Declared { name: name.to_owned(), definition, docs: def.docs.contents.clone() })
}

fn type_text(resolve: &Resolve, ty: &Type) -> String {
    let name = match ty {
        Type::Bool => "bool",
        Type::U8 => "u8",
        Type::U16 => "u16",
        Type::U32 => "u32",
        Type::U64 => "u64",
        Type::S8 => "s8",
        Type::S16 => "s16",
        Type::S32 => "s32",
        Type::S64 => "s64",
        Type::F32 => "f32",
        Type::F64 => "f64",
        Type::Char => "char",
        Type::String => "string",
        Type::ErrorContext => "error-context",
        Type::Id(id) => return type_name(resolve, *id).unwrap_or_else(|| nameless(resolve, *id)),
    };
    name.to_owned()
}

fn type_name(resolve: &Resolve, id: TypeId) -> Option<String> {
    resolve.types.get(id)?.name.clone()
}

fn nameless(resolve: &Resolve, id: TypeId) -> String {
    resolve.types.get(id).map(|def| kind_text(resolve, &def.kind)).unwrap_or_default()
}

fn kind_text(resolve: &Resolve, kind: &TypeDefKind) -> String {
    let ty = |ty: &Type| type_text(resolve, ty);
    let or_blank = |side: &Option<Type>| side.as_ref().map_or_else(|| "_".to_owned(), ty);
    match kind {
        TypeDefKind::List(of) => format!("list<{}>", ty(of)),
        TypeDefKind::FixedLengthList(of, length) => format!("list<{}, {length}>", ty(of)),
        TypeDefKind::Map(key, value) => format!("map<{}, {}>", ty(key), ty(value)),
        TypeDefKind::Option(of) => format!("option<{}>", ty(of)),
        TypeDefKind::Result(result) => match (&result.ok, &result.err) {
            (None, None) => "result".to_owned(),
            (Some(ok), None) => format!("result<{}>", ty(ok)),
            (ok, err) => format!("result<{}, {}>", or_blank(ok), or_blank(err)),
        },
        TypeDefKind::Tuple(tuple) => {
            format!("tuple<{}>", tuple.types.iter().map(ty).collect::<Vec<_>>().join(", "))
        }
        TypeDefKind::Handle(Handle::Borrow(of)) => format!("borrow<{}>", ty(&Type::Id(*of))),
        TypeDefKind::Handle(Handle::Own(of)) => ty(&Type::Id(*of)),
        TypeDefKind::Future(of) => format!("future<{}>", or_blank(of)),
        TypeDefKind::Stream(of) => format!("stream<{}>", or_blank(of)),
        other => other.as_str().to_owned(),
    }
}

/// An interface for people, line by line.
pub(super) fn lines(output: Output, interface: &Interface) -> Vec<String> {
    let docs = |docs: &Option<String>| -> Vec<String> {
        let lines = docs.as_deref().unwrap_or_default().trim().lines();
        lines.map(|line| format!("    {}", output.faint(&format!("/// {line}")))).collect()
    };
    let mut lines = vec![format!("  {}", interface.name)];
    lines.extend(docs(&interface.docs));
    for function in &interface.functions {
        lines.extend(docs(&function.docs));
        lines.push(format!("    {}: {}", output.strong(&function.name), function.shape));
    }
    for declared in &interface.types {
        lines.extend(docs(&declared.docs));
        lines.push(format!("    {} = {}", declared.name, declared.definition));
    }
    lines
}
