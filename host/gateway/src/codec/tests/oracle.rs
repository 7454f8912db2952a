//! JSON of a `Val`: what the codec's JSON is compared with. The plainest way to write it, and slow.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wasmtime::component::Val;

use super::super::shape::{Cases, Fields, Shape};

/// The value is not of the type.
#[derive(Debug)]
pub(super) struct Mismatch;

/// Appends the JSON of `value`.
pub(super) fn encode(shape: &Shape, value: &Val, out: &mut Vec<u8>) -> Result<(), Mismatch> {
    match (shape, value) {
        (Shape::Bool, Val::Bool(value)) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        (Shape::Int(_), Val::U32(value)) => scalar(value, out)?,
        (Shape::Int(_), Val::S64(value)) => scalar(value, out)?,
        (Shape::Int(_), Val::U64(value)) => scalar(value, out)?,
        (Shape::Int(_), Val::S32(value)) => scalar(value, out)?,
        (Shape::Int(_), Val::U16(value)) => scalar(value, out)?,
        (Shape::Int(_), Val::S16(value)) => scalar(value, out)?,
        (Shape::Int(_), Val::U8(value)) => scalar(value, out)?,
        (Shape::Int(_), Val::S8(value)) => scalar(value, out)?,
        (Shape::Float32, Val::Float32(value)) => match infinite(f64::from(*value)) {
            Some(name) => out.extend_from_slice(name),
            None => scalar(value, out)?,
        },
        (Shape::Float64, Val::Float64(value)) => match infinite(*value) {
            Some(name) => out.extend_from_slice(name),
            None => scalar(value, out)?,
        },
        (Shape::Char, Val::Char(value)) => scalar(value, out)?,
        (Shape::String, Val::String(value)) => scalar(value.as_str(), out)?,
        (Shape::Bytes, Val::List(bytes)) => base64(bytes, out)?,
        (Shape::List(of), Val::List(items)) | (Shape::FixedList(of, _), Val::FixedLengthList(items)) => {
            list(items.iter().map(|item| (&of.shape, item)), out)?;
        }
        (Shape::Tuple(parts), Val::Tuple(items)) if parts.len() == items.len() => {
            list(parts.iter().map(|(_, shape)| shape).zip(items), out)?;
        }
        (Shape::Map(entry, _), Val::Map(entries)) => {
            let [(_, key), (_, value)] = &**entry;
            map(key, value, entries, out)?;
        }
        (Shape::Record(fields), Val::Record(values)) => record(fields, values, out)?,
        (Shape::Variant(cases), Val::Variant(name, payload)) => case(cases, name, payload.as_deref(), out)?,
        (Shape::Result(cases), Val::Result(Ok(payload))) => case(cases, "ok", payload.as_deref(), out)?,
        (Shape::Result(cases), Val::Result(Err(payload))) => case(cases, "err", payload.as_deref(), out)?,
        (Shape::Enum(..), Val::Enum(name)) => bare(name, out),
        (Shape::Flags(_), Val::Flags(names)) => flags(names, out),
        (Shape::Option(..), Val::Option(None)) => out.extend_from_slice(b"null"),
        (Shape::Option(inner, _), Val::Option(Some(value))) if inner.is_nullable() => {
            tagged("some", Some(inner), Some(value), out)?;
        }
        (Shape::Option(inner, _), Val::Option(Some(value))) => encode(inner, value, out)?,
        _ => return Err(Mismatch),
    }
    Ok(())
}

fn scalar<T: serde::Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), Mismatch> {
    serde_json::to_writer(out, value).map_err(|_| Mismatch)
}

/// A name of WIT, which needs no escaping.
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

fn base64(bytes: &[Val], out: &mut Vec<u8>) -> Result<(), Mismatch> {
    let raw = bytes
        .iter()
        .map(|byte| match byte {
            Val::U8(byte) => Ok(*byte),
            _ => Err(Mismatch),
        })
        .collect::<Result<Vec<u8>, Mismatch>>()?;
    bare(&STANDARD.encode(raw), out);
    Ok(())
}

fn list<'a>(items: impl Iterator<Item = (&'a Shape, &'a Val)>, out: &mut Vec<u8>) -> Result<(), Mismatch> {
    out.push(b'[');
    for (position, (shape, item)) in items.enumerate() {
        if position > 0 {
            out.push(b',');
        }
        encode(shape, item, out)?;
    }
    out.push(b']');
    Ok(())
}

fn map(key: &Shape, value: &Shape, entries: &[(Val, Val)], out: &mut Vec<u8>) -> Result<(), Mismatch> {
    out.push(b'[');
    for (position, entry) in entries.iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        list([(key, &entry.0), (value, &entry.1)].into_iter(), out)?;
    }
    out.push(b']');
    Ok(())
}

/// Fields that are none are left out.
fn record(fields: &Fields, values: &[(String, Val)], out: &mut Vec<u8>) -> Result<(), Mismatch> {
    if fields.all().len() != values.len() {
        return Err(Mismatch);
    }
    out.push(b'{');
    let mut first = true;
    for (field, (_, value)) in fields.all().iter().zip(values) {
        if matches!(value, Val::Option(None)) {
            continue;
        }
        if !first {
            out.push(b',');
        }
        first = false;
        out.extend_from_slice(field.key.as_bytes());
        encode(&field.shape, value, out)?;
    }
    out.push(b'}');
    Ok(())
}

fn case(cases: &Cases, name: &str, payload: Option<&Val>, out: &mut Vec<u8>) -> Result<(), Mismatch> {
    let (_, case) = cases.find(name).ok_or(Mismatch)?;
    tagged(name, case.payload.as_ref(), payload, out)
}

fn tagged(name: &str, shape: Option<&Shape>, payload: Option<&Val>, out: &mut Vec<u8>) -> Result<(), Mismatch> {
    match (shape, payload) {
        (None, None) => bare(name, out),
        (Some(shape), Some(payload)) => {
            out.push(b'{');
            bare(name, out);
            out.push(b':');
            encode(shape, payload, out)?;
            out.push(b'}');
        }
        _ => return Err(Mismatch),
    }
    Ok(())
}

fn flags(names: &[String], out: &mut Vec<u8>) {
    out.push(b'[');
    for (position, name) in names.iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        bare(name, out);
    }
    out.push(b']');
}
