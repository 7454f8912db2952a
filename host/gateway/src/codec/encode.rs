//! From a component's memory to JSON bytes.
//!
//! Written by hand rather than through `Serialize`: keys are ready with quotes and colon, so that a field costs one
//! copy, and the strings between go through serde_json's escaping.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fondaco_engine::wire::{Malformed, View};

use super::shape::{Cases, Fields, Int, Shape};

/// Appends the JSON of the value that lies at `at`.
pub fn encode(shape: &Shape, memory: &View<'_>, at: usize, out: &mut Vec<u8>) -> Result<(), Malformed> {
    match shape {
        Shape::Bool => out.extend_from_slice(if memory.bool(at)? { b"true" } else { b"false" }),
        Shape::Int(int) => integer(*int, memory, at, out)?,
        Shape::Float32 => {
            let value = f32::from_le_bytes(memory.get(at)?);
            match infinite(f64::from(value)) {
                Some(name) => out.extend_from_slice(name),
                None => scalar(&value, out),
            }
        }
        Shape::Float64 => {
            let value = f64::from_le_bytes(memory.get(at)?);
            match infinite(value) {
                Some(name) => out.extend_from_slice(name),
                None => scalar(&value, out),
            }
        }
        Shape::Char => scalar(&memory.char(at)?, out),
        Shape::String => {
            scalar(&*memory.text(at)?, out);
            bounded(memory, out)?;
        }
        Shape::Bytes => bare(&STANDARD.encode(memory.bytes(at)?), out),
        Shape::List(element) => {
            list(memory.list(at, element.layout)?.map(|at| (at, &element.shape)), memory, out)?;
        }
        Shape::FixedList(element, length) => {
            let size = element.layout.size() as usize;
            list((0..*length as usize).map(|index| (at + index * size, &element.shape)), memory, out)?;
        }
        Shape::Tuple(items) => {
            list(items.iter().map(|(offset, shape)| (at + *offset as usize, shape)), memory, out)?;
        }
        Shape::Map(entry, layout) => {
            out.push(b'[');
            for (position, at) in memory.list(at, *layout)?.enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                list(entry.iter().map(|(offset, shape)| (at + *offset as usize, shape)), memory, out)?;
            }
            out.push(b']');
        }
        Shape::Record(fields) => record(fields, memory, at, out)?,
        Shape::Variant(cases) | Shape::Result(cases) => case(cases, memory, at, out)?,
        Shape::Enum(names, tagged) => {
            let number = memory.case(at, *tagged, names.len())?;
            bare(names.get(number).map_or("", AsRef::as_ref), out);
        }
        Shape::Flags(names) => flags(names, memory, at, out)?,
        Shape::Option(inner, tagged) => {
            let value = at + tagged.payload as usize;
            match memory.case(at, *tagged, 2)? {
                0 => out.extend_from_slice(b"null"),
                _ if inner.is_nullable() => wrapped("some", inner, memory, value, out)?,
                _ => encode(inner, memory, value, out)?,
            }
        }
    }
    Ok(())
}

/// A number, a character or a string. Writing these into a buffer cannot fail.
fn scalar<T: serde::Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    let written = serde_json::to_writer(out, value);
    debug_assert!(written.is_ok(), "{written:?}");
}

fn integer(int: Int, memory: &View<'_>, at: usize, out: &mut Vec<u8>) -> Result<(), Malformed> {
    match int {
        Int::S8 => scalar(&i8::from_le_bytes(memory.get(at)?), out),
        Int::U8 => scalar(&u8::from_le_bytes(memory.get(at)?), out),
        Int::S16 => scalar(&i16::from_le_bytes(memory.get(at)?), out),
        Int::U16 => scalar(&u16::from_le_bytes(memory.get(at)?), out),
        Int::S32 => scalar(&i32::from_le_bytes(memory.get(at)?), out),
        Int::U32 => scalar(&u32::from_le_bytes(memory.get(at)?), out),
        Int::S64 => scalar(&i64::from_le_bytes(memory.get(at)?), out),
        Int::U64 => scalar(&u64::from_le_bytes(memory.get(at)?), out),
    }
    Ok(())
}

/// A name of WIT, or base64, which need no escaping.
fn bare(name: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(name.as_bytes());
    out.push(b'"');
}

/// JSON has no words for these; protobuf's are used.
fn infinite(value: f64) -> Option<&'static [u8]> {
    if value.is_finite() {
        None
    } else if value.is_nan() {
        Some(b"\"NaN\"")
    } else if value > 0.0 {
        Some(b"\"Infinity\"")
    } else {
        Some(b"\"-Infinity\"")
    }
}

/// JSON may be longer than what it tells of: names of fields are in the type, not in the memory.
fn bounded(memory: &View<'_>, out: &[u8]) -> Result<(), Malformed> {
    if out.len() > memory.most() { Err(Malformed::TooLarge(memory.most())) } else { Ok(()) }
}

fn list<'a>(
    items: impl Iterator<Item = (usize, &'a Shape)>,
    memory: &View<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Malformed> {
    out.push(b'[');
    for (position, (at, shape)) in items.enumerate() {
        if position > 0 {
            out.push(b',');
        }
        encode(shape, memory, at, out)?;
        bounded(memory, out)?;
    }
    out.push(b']');
    Ok(())
}

/// Fields that are none are left out.
fn record(fields: &Fields, memory: &View<'_>, at: usize, out: &mut Vec<u8>) -> Result<(), Malformed> {
    out.push(b'{');
    let mut first = true;
    for field in fields.all() {
        let at = at + field.at as usize;
        if let Shape::Option(_, tagged) = &field.shape
            && memory.case(at, *tagged, 2)? == 0
        {
            continue;
        }
        if !first {
            out.push(b',');
        }
        first = false;
        out.extend_from_slice(field.key.as_bytes());
        encode(&field.shape, memory, at, out)?;
    }
    out.push(b'}');
    Ok(())
}

fn case(cases: &Cases, memory: &View<'_>, at: usize, out: &mut Vec<u8>) -> Result<(), Malformed> {
    let number = memory.case(at, cases.tagged, cases.all.len())?;
    match cases.all.get(number) {
        Some(case) => match &case.payload {
            Some(shape) => wrapped(&case.name, shape, memory, at + cases.tagged.payload as usize, out)?,
            None => bare(&case.name, out),
        },
        None => bare("", out),
    }
    Ok(())
}

/// `{"name":value}`
fn wrapped(name: &str, shape: &Shape, memory: &View<'_>, at: usize, out: &mut Vec<u8>) -> Result<(), Malformed> {
    out.push(b'{');
    bare(name, out);
    out.push(b':');
    encode(shape, memory, at, out)?;
    out.push(b'}');
    Ok(())
}

fn flags(names: &[Box<str>], memory: &View<'_>, at: usize, out: &mut Vec<u8>) -> Result<(), Malformed> {
    out.push(b'[');
    let mut first = true;
    for (flag, name) in names.iter().enumerate() {
        if memory.flag(at, flag)? {
            if !first {
                out.push(b',');
            }
            first = false;
            bare(name, out);
        }
    }
    out.push(b']');
    Ok(())
}
