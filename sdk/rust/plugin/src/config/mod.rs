//! Typed config: the JSON of a release, read straight into a plugin's own types.
//!
//! `#[derive(Config)]` reads structs (fields in lowerCamelCase) and enums (kebab-case; a case with a value is
//! `{"case": value}`), by the same mapping that the gateway uses for WIT. Amounts and rates are never floating point:
//! `12.5` becomes the decimal 12.5. What is wrong becomes the fault `INVALID_CONFIG`, with the path.

pub mod json;
mod values;

use crate::{Code, Fault, text::join};
pub use fondaco_sdk_macros::Config;
pub use json::{Json, Problem, Reading};
pub use values::{Map, Percent, Timestamp};

/// A type that can be read from a release's config.
pub trait Config: Sized {
    /// Reads the value that comes next.
    fn read(json: &mut Json<'_>) -> Reading<Self>;

    /// What an absent field means, if it may be absent.
    fn absent() -> Option<Self> {
        None
    }
}

/// Reads a release's whole config. An empty text is an empty object.
pub fn parse<T: Config>(text: &str) -> Result<T, Fault> {
    let mut json = Json::new(if text.is_empty() { "{}" } else { text });
    let read = T::read(&mut json);
    match read {
        Ok(config) if json.at_end() => Ok(config),
        Ok(_) => Err(invalid(&json.unexpected("the end"))),
        Err(problem) => Err(invalid(&problem)),
    }
}

#[cold]
#[inline(never)]
fn invalid(problem: &Problem) -> Fault {
    let place = if problem.path.is_empty() { ["config", "", ""] } else { ["config at `", &problem.path, "`"] };
    let [before, path, after] = place;
    Fault {
        code: Code::InvalidArgument,
        reason: "INVALID_CONFIG".into(),
        message: join(&[before, path, after, ": ", &problem.message]),
        metadata: vec![("path".into(), problem.path.clone())],
    }
}

/// A field after its object was read: what was given, or what absence means. Used by `#[derive(Config)]`.
#[doc(hidden)]
pub fn field<T: Config>(given: Option<T>, name: &str) -> Reading<T> {
    match given.or_else(T::absent) {
        Some(value) => Ok(value),
        None => missing(name),
    }
}

#[cold]
#[inline(never)]
fn missing<T>(name: &str) -> Reading<T> {
    Err(Problem::new(&["missing"]).within(name))
}

/// Reads one field's value. Used by `#[derive(Config)]`.
#[doc(hidden)]
#[inline(never)]
pub fn read_into<T: Config>(json: &mut Json<'_>, slot: &mut Option<T>) -> Reading<()> {
    once(slot.is_some())?;
    *slot = Some(T::read(json)?);
    Ok(())
}

/// A field, or an enum's case, may be given once. Used by `#[derive(Config)]`.
#[doc(hidden)]
#[inline(never)]
pub fn once(given: bool) -> Reading<()> {
    if given { Err(Problem::new(&["given twice"])) } else { Ok(()) }
}

/// An enum's case by its name. Used by `#[derive(Config)]`.
#[doc(hidden)]
pub fn case(json: &mut Json<'_>, names: &[&str]) -> Reading<usize> {
    let name = json.string()?;
    names
        .iter()
        .position(|known| *known == name)
        .ok_or_else(|| Problem::new(&["expected one of ", &json::listing(names), ", found \"", &name, "\""]))
}

#[cfg(test)]
mod tests;
