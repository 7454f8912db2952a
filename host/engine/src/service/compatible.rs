//! A component that is released must keep its word.
//!
//! Plain comparisons over types: what served before must still be there with the same types, and so must what active
//! callers use. Additions are free; nothing else is.

use wasmtime::component::types::{ComponentFunc, Type};

use super::exports::{Import, Interface, Interfaces};
use super::fault::is_fallible;
use crate::shape;
use crate::{Code, Fault};

/// Whom a promise was given to.
#[derive(Clone, Copy)]
pub(super) enum Promise<'a> {
    /// To everyone, by the release that is to be replaced.
    Served(&'a str),
    /// To an active service that calls it.
    Called(&'a str),
    /// None: a new release wants it of an active service.
    Wanted(&'a str),
}

/// Everything that `before` offers must be in `after`.
pub(super) fn keeps(before: &Interfaces, label: &str, after: &Interfaces) -> Result<(), Fault> {
    for old in &before.list {
        let new = after.find(&old.key);
        for export in old.functions.values() {
            fits(&old.name, &export.name, &export.ty, new.map(AsRef::as_ref), Promise::Served(label))?;
        }
    }
    Ok(())
}

/// Everything that `import` wants must be in `provider`, where that provides the interface at all.
pub(super) fn satisfies(import: &Import, provider: &Interfaces, promise: Promise<'_>) -> Result<(), Fault> {
    let Some(interface) = provider.find(&import.key) else { return Ok(()) };
    let wanted = import.functions.iter();
    wanted.clone().try_for_each(|(name, ty)| fits(&import.name, name, ty, Some(interface), promise))
}

fn fits(
    interface: &str,
    function: &str,
    expected: &ComponentFunc,
    found: Option<&Interface>,
    promise: Promise<'_>,
) -> Result<(), Fault> {
    let found = found.and_then(|found| found.functions.get(function));
    let (expected, found, at) = match found {
        None => (shape::signature(expected), "nothing".to_owned(), String::new()),
        Some(found) => match shape::compare(expected, &found.ty) {
            None => return Ok(()),
            Some(difference) => (difference.expected, difference.found, difference.path),
        },
    };
    let place = if at.is_empty() { String::new() } else { format!(" at `{at}`") };
    let stay = "add a function or an interface of a new version instead";
    let (why, advice) = match promise {
        Promise::Served(label) => (format!("must stay as it is, for `{label}` serves it"), stay),
        Promise::Called(label) => (format!("must stay as it is, for `{label}` calls it"), stay),
        Promise::Wanted(label) => (format!("is not what `{label}` provides"), "build it against that contract"),
    };
    let message = format!("`{interface}.{function}`{place} {why}: expected {expected}, found {found}; {advice}");
    Err(Fault::new(Code::FailedPrecondition, "INCOMPATIBLE_TYPES", message)
        .with("function", format!("{interface}.{function}"))
        .with("path", at)
        .with("expected", expected)
        .with("found", found))
}

/// Only plain values cross between services, and every failure is a value.
pub(super) fn crosses(interface: &str, function: &str, ty: &ComponentFunc) -> Result<(), Fault> {
    let refuse = |reason: &'static str, what: &str| {
        let message = format!("`{interface}.{function}` {what}; it is {}", shape::signature(ty));
        Err(Fault::new(Code::InvalidArgument, reason, message).with("function", format!("{interface}.{function}")))
    };
    if ty.async_() || !ty.params().map(|(_, ty)| ty).chain(ty.results()).all(|ty| is_plain(&ty)) {
        return refuse("NOT_PLAIN", "crosses between services, where only plain values can: no resources, no streams");
    }
    if !is_fallible(ty) {
        return refuse("NO_FAULT_RESULT", "must answer `result<_, fault>` with the fault of `fondaco:types/faults`");
    }
    Ok(())
}

fn is_plain(ty: &Type) -> bool {
    let all = |types: Vec<Option<Type>>| types.iter().flatten().all(is_plain);
    match ty {
        Type::Own(_) | Type::Borrow(_) | Type::Future(_) | Type::Stream(_) | Type::ErrorContext => false,
        Type::List(list) => is_plain(&list.ty()),
        Type::Option(option) => is_plain(&option.ty()),
        Type::Map(map) => is_plain(&map.key()) && is_plain(&map.value()),
        Type::Result(result) => all(vec![result.ok(), result.err()]),
        Type::Tuple(tuple) => tuple.types().all(|ty| is_plain(&ty)),
        Type::Record(record) => record.fields().all(|field| is_plain(&field.ty)),
        Type::Variant(variant) => all(variant.cases().map(|case| case.ty).collect()),
        _ => true,
    }
}
