//! Parameters in the URL: `GET /v1/products/{sku}?market=DE`.
//!
//! What stands in path and query becomes members of the JSON object that the function's body would be, each by the type
//! of the parameter that it names, and the codec decodes that object as any other. So there is one way in, with one set
//! of bounds and words; here is only the text around it.
//!
//! - A function whose one parameter is a record: path and query name its fields, the body has the others.
//! - Any other: path and query name its parameters. Where the path leaves exactly one over and that is a record, the
//!   body is that record, and the query names its fields: `PUT /v1/products/{sku}` of
//!   `update(sku: string, change: product-change)` takes a `product-change`.
//!
//! A list is the same name again: `?tag=a&tag=b`. Records, tuples and bytes travel in the body.

use std::borrow::Cow;

use bytes::Bytes;
use fondaco_engine::{Code, Fault};
use http::Method;
use percent_encoding::percent_decode_str;
use serde_json::value::RawValue;
use wasmtime::component::Type;
use wasmtime::component::types::ComponentFunc;

use crate::codec::{DecodeError, camel};
use crate::problem::Problem;

/// Parameters in one query.
const MAX_ASKED: usize = 256;

/// What a route's template matched: names, and texts as they stand in the path.
pub(crate) type PathParams = Vec<(String, String)>;

/// What a caller gave, as the one object that the codec decodes.
pub(crate) struct Given {
    pub(crate) body: Bytes,
    url: Vec<FromUrl>,
}

/// A member of the body that came by the URL.
struct FromUrl {
    /// Where the codec says that it stands: `sku`, `filter.market`.
    path: String,
    name: String,
    place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Path,
    Query,
}

impl Place {
    fn fault(self, name: &str, problem: impl std::fmt::Display) -> Fault {
        let reason = match self {
            Self::Path => "INVALID_PATH",
            Self::Query => "INVALID_QUERY",
        };
        let name: String = name.chars().take(64).collect();
        Fault::new(Code::InvalidArgument, reason, format!("{name}: {problem}")).with("path", name)
    }
}

impl Given {
    /// The body as it came, where the URL says nothing; otherwise both in one.
    pub(crate) fn of(
        method: &Method,
        path: &PathParams,
        query: Option<&str>,
        body: Bytes,
        function: &ComponentFunc,
    ) -> Result<Self, Fault> {
        let query = query.unwrap_or_default();
        let is_bare = body.is_empty() && matches!(*method, Method::GET | Method::DELETE);
        if path.is_empty() && query.is_empty() && !is_bare {
            return Ok(Self { body, url: Vec::new() });
        }
        let layout = Layout::of(function, path.iter().map(|(name, _)| name.as_str()));
        let mut url = Vec::new();
        let mut outer = Members::default();
        for (name, text) in path {
            let text = percent_decode_str(text).decode_utf8();
            let text = text.map_err(|_| Place::Path.fault(name, "is not UTF-8"))?;
            outer.add(name, Place::Path, &layout.named, &[text])?;
            url.push(FromUrl { path: name.clone(), name: name.clone(), place: Place::Path });
        }
        let (fields, at) = match &layout.nested {
            None => (&layout.named, String::new()),
            Some((name, fields)) => (fields, format!("{name}.")),
        };
        let mut asked = Members::default();
        for (name, texts) in grouped(query)? {
            asked.add(&name, Place::Query, fields, &texts)?;
            url.push(FromUrl { path: format!("{at}{name}"), name: name.into_owned(), place: Place::Query });
        }
        let rest = members_of(&body)?;
        let body = match &layout.nested {
            None => object(&[&outer.0, &asked.0, rest]),
            Some((name, _)) => {
                outer.begin(name);
                outer.0.push_str(&object(&[&asked.0, rest]));
                object(&[&outer.0])
            }
        };
        Ok(Self { body: body.into(), url })
    }

    /// A mistake in the body, or in that part of the URL which it came by.
    pub(crate) fn blame(&self, error: DecodeError) -> Problem {
        let at = |from: &&FromUrl| {
            let rest = error.path.strip_prefix(&*from.path);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        match self.url.iter().find(at) {
            Some(from) => from.place.fault(&from.name, &error.message).into(),
            None => error.into(),
        }
    }
}

type Fields = Vec<(String, Type)>;

/// Which parameter has which name.
struct Layout {
    /// What path (and without `nested`, query) may name.
    named: Fields,
    /// The one record that the path leaves over, and its fields: what query and body say.
    nested: Option<(String, Fields)>,
}

impl Layout {
    fn of<'a>(function: &ComponentFunc, path: impl Iterator<Item = &'a str>) -> Self {
        let named: Fields = function.params().map(|(name, ty)| (camel(name), ty)).collect();
        if let [(_, Type::Record(record))] = named.as_slice() {
            return Self { named: fields_of(record), nested: None };
        }
        let path: Vec<&str> = path.collect();
        let mut left = named.iter().filter(|(name, _)| !path.contains(&name.as_str()));
        let nested = match (left.next(), left.next()) {
            (Some((name, Type::Record(record))), None) if !path.is_empty() => Some((name.clone(), fields_of(record))),
            _ => None,
        };
        Self { named, nested }
    }
}

fn fields_of(record: &wasmtime::component::types::Record) -> Fields {
    record.fields().map(|field| (camel(field.name), field.ty)).collect()
}

/// Whether a function has a parameter for each name in a route's path; otherwise which it has none for.
pub(crate) fn unnamed<'a>(function: &ComponentFunc, path: &[&'a str]) -> Option<&'a str> {
    let layout = Layout::of(function, path.iter().copied());
    path.iter().copied().find(|wanted| !layout.named.iter().any(|(name, _)| name == wanted))
}

/// `{sku}` and its like in a route's path, in order.
pub(crate) fn names_in(path: &str) -> Vec<&str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect()
}

/// Members of a JSON object, without its braces.
#[derive(Default)]
struct Members(String);

impl Members {
    fn begin(&mut self, name: &str) {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.text(name);
        self.0.push(':');
    }

    fn add(&mut self, name: &str, place: Place, fields: &Fields, texts: &[Cow<'_, str>]) -> Result<(), Fault> {
        let Some((_, ty)) = fields.iter().find(|(field, _)| field == name) else {
            let known: Vec<&str> = fields.iter().map(|(field, _)| field.as_str()).collect();
            return Err(place.fault(name, format!("there is no such parameter; known are {}", known.join(", "))));
        };
        self.begin(name);
        match (items_of(ty), texts) {
            (Some(item), texts) => {
                self.0.push('[');
                for (at, text) in texts.iter().enumerate() {
                    self.0.push_str(if at > 0 { "," } else { "" });
                    self.value(item.as_ref(), text);
                }
                self.0.push(']');
            }
            (None, [text]) => self.value(Some(ty), text),
            (None, _) => return Err(place.fault(name, "stands there more than once, and is no list")),
        }
        Ok(())
    }

    /// By its type; what does not look like it goes as a string, so that the codec says what was expected.
    fn value(&mut self, ty: Option<&Type>, text: &str) {
        let is_plain = match ty {
            Some(Type::Option(option)) => return self.value(Some(&option.ty()), text),
            Some(Type::Bool) => matches!(text, "true" | "false"),
            Some(
                Type::S8
                | Type::U8
                | Type::S16
                | Type::U16
                | Type::S32
                | Type::U32
                | Type::S64
                | Type::U64
                | Type::Float32
                | Type::Float64,
            ) => text.parse::<serde_json::Number>().is_ok(),
            _ => false,
        };
        if is_plain { self.0.push_str(text) } else { self.text(text) }
    }

    fn text(&mut self, text: &str) {
        // A string in memory can always be written as JSON.
        self.0.push_str(&serde_json::to_string(text).unwrap_or_default());
    }
}

/// What the items of a list or of flags are; none for what is one value. Bytes are one: base64.
#[expect(clippy::option_option, reason = "the items of flags are names, which have no type")]
fn items_of(ty: &Type) -> Option<Option<Type>> {
    match ty {
        Type::Option(option) => items_of(&option.ty()),
        Type::List(list) => (list.ty() != Type::U8).then(|| Some(list.ty())),
        Type::Flags(_) => Some(None),
        _ => None,
    }
}

/// A name of the query and all its texts.
type Asked<'a> = (Cow<'a, str>, Vec<Cow<'a, str>>);

/// Names in the order in which they first stand there.
fn grouped(query: &str) -> Result<Vec<Asked<'_>>, Fault> {
    let mut all: Vec<Asked<'_>> = Vec::new();
    for (at, (name, text)) in form_urlencoded::parse(query.as_bytes()).enumerate() {
        if at >= MAX_ASKED {
            let message = format!("has more than {MAX_ASKED} parameters; send a long list in the body");
            return Err(Place::Query.fault("query", message));
        }
        match all.iter_mut().find(|(known, _)| *known == name) {
            Some((_, texts)) => texts.push(text),
            None => all.push((name, vec![text])),
        }
    }
    Ok(all)
}

/// The members of the body's object. It is one whole JSON value: nothing of it reaches beyond its braces.
fn members_of(body: &[u8]) -> Result<&str, Fault> {
    if body.trim_ascii().is_empty() {
        return Ok("");
    }
    let value: &RawValue = serde_json::from_slice(body)
        .map_err(|error| Fault::new(Code::InvalidArgument, "MALFORMED_JSON", format!("body: {error}")))?;
    let members = value.get().strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    members.map(str::trim).ok_or_else(|| {
        Fault::new(Code::InvalidArgument, "INVALID_BODY", "body: expected an object").with("path", String::new())
    })
}

fn object(members: &[&str]) -> String {
    let members: Vec<&str> = members.iter().copied().filter(|members| !members.is_empty()).collect();
    format!("{{{}}}", members.join(","))
}

#[cfg(test)]
mod tests;
