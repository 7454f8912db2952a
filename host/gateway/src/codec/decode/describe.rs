//! Words for what a type accepts and for what was found instead.

use std::fmt;

use super::super::shape::{Case, Shape};

/// How much of a wrong string an error repeats.
const FOUND_CHARS: usize = 40;

/// What a type accepts, for people.
pub(super) struct Expected<'a>(pub(super) &'a Shape);

impl fmt::Display for Expected<'_> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Shape::Bool => to.write_str("true or false"),
            Shape::Int(int) => {
                let (least, greatest) = int.range();
                write!(to, "a number from {least} to {greatest}")
            }
            Shape::Float32 | Shape::Float64 => to.write_str("a number"),
            Shape::Char => to.write_str("a string of one character"),
            Shape::String => to.write_str("a string"),
            Shape::Bytes => to.write_str("a base64 string"),
            Shape::List(_) => to.write_str("a list"),
            Shape::FixedList(_, length) => write!(to, "a list of {length} items"),
            Shape::Map(..) => to.write_str("a list of pairs"),
            Shape::Record(_) => to.write_str("an object"),
            Shape::Tuple(shapes) => write!(to, "a list of {} items", shapes.len()),
            Shape::Variant(cases) | Shape::Result(cases) => write_cases(to, &cases.all),
            Shape::Enum(names, _) => {
                to.write_str("one of ")?;
                write_names(to, names.iter().map(AsRef::as_ref), '"')
            }
            Shape::Flags(names) => {
                to.write_str("a list without duplicates of ")?;
                write_names(to, names.iter().map(AsRef::as_ref), '"')
            }
            Shape::Option(..) => to.write_str("null or {\"some\": …}"),
        }
    }
}

fn write_cases(to: &mut fmt::Formatter<'_>, cases: &[Case]) -> fmt::Result {
    to.write_str("one of ")?;
    for (position, Case { name, payload }) in cases.iter().enumerate() {
        let comma = if position == 0 { "" } else { ", " };
        match payload {
            Some(_) => write!(to, "{comma}{{\"{name}\": …}}")?,
            None => write!(to, "{comma}\"{name}\"")?,
        }
    }
    Ok(())
}

fn write_names<'a>(to: &mut fmt::Formatter<'_>, names: impl Iterator<Item = &'a str>, quote: char) -> fmt::Result {
    for (position, name) in names.enumerate() {
        let comma = if position == 0 { "" } else { ", " };
        write!(to, "{comma}{quote}{name}{quote}")?;
    }
    Ok(())
}

/// Field names in backticks.
pub(super) struct Names<'a>(pub(super) &'a [&'a str]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_names(to, self.0.iter().copied(), '`')
    }
}

/// A string as JSON, cut where it is long.
pub(super) struct Quoted<'a>(pub(super) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = self.0.chars().take(FOUND_CHARS).collect();
        let more = if shown.len() < self.0.len() { "…" } else { "" };
        write!(to, "\"{}{more}\"", shown.escape_debug())
    }
}

/// JSON text, cut where it is long.
pub(super) struct Shortened<'a>(pub(super) &'a str);

impl fmt::Display for Shortened<'_> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_bytes().first() {
            Some(b'{') => to.write_str("an object"),
            Some(b'[') => to.write_str("a list"),
            _ if self.0.chars().count() > FOUND_CHARS => {
                let shown: String = self.0.chars().take(FOUND_CHARS).collect();
                write!(to, "{shown}…")
            }
            _ => to.write_str(self.0),
        }
    }
}
