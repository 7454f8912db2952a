//! Faults as values of components, and failures of components as faults.

use std::borrow::Cow;

use wasmtime::component::Val;
use wasmtime::component::types::{ComponentFunc, Type};
use wasmtime::{PoolConcurrencyLimitError, Trap};

use super::state::ServiceState;
use crate::{Code, Fault};

/// Whether a function's result is `result<_, fault>`, with the fault of `fondaco:types/faults` whatever it is called.
pub(super) fn is_fallible(ty: &ComponentFunc) -> bool {
    let mut results = ty.results();
    match (results.next(), results.next()) {
        (Some(Type::Result(result)), None) => result.err().is_some_and(|err| is_fault(&err)),
        _ => false,
    }
}

fn is_fault(ty: &Type) -> bool {
    let Type::Record(record) = ty else { return false };
    let fields: Vec<_> = record.fields().map(|field| (field.name.to_owned(), field.ty)).collect();
    match fields.as_slice() {
        [
            (code, Type::Enum(codes)),
            (reason, Type::String),
            (message, Type::String),
            (metadata, Type::List(entries)),
        ] => {
            [code, reason, message, metadata].map(String::as_str) == ["code", "reason", "message", "metadata"]
                && codes.names().eq(Code::ALL.iter().map(|code| code.wit_name()))
                && matches!(entries.ty(), Type::Tuple(pair) if pair.types().eq([Type::String, Type::String]))
        }
        _ => false,
    }
}

/// The fault as the `err` of a `result<_, fault>`.
pub(super) fn into_val(fault: Fault) -> Val {
    let entry = |(key, value)| Val::Tuple(vec![Val::String(key), Val::String(value)]);
    let record = Val::Record(vec![
        ("code".to_owned(), Val::Enum(fault.code.wit_name().to_owned())),
        ("reason".to_owned(), Val::String(fault.reason.into_owned())),
        ("message".to_owned(), Val::String(fault.message)),
        ("metadata".to_owned(), Val::List(fault.metadata.into_iter().map(entry).collect())),
    ]);
    Val::Result(Err(Some(Box::new(record))))
}

/// `T` of a `result<T, fault>`, or the fault.
pub(super) fn unwrap(value: Val) -> Result<Option<Val>, Fault> {
    match value {
        Val::Result(Ok(value)) => Ok(value.map(|value| *value)),
        Val::Result(Err(Some(fault))) => Err(from_val(*fault)),
        Val::Result(Err(None)) => Err(nameless()),
        value => Ok(Some(value)),
    }
}

fn nameless() -> Fault {
    Fault::new(Code::Unknown, "UNKNOWN", "the service failed without saying why")
}

fn from_val(value: Val) -> Fault {
    let Val::Record(fields) = value else { return nameless() };
    let mut fault = nameless();
    for (name, value) in fields {
        match (name.as_str(), value) {
            ("code", Val::Enum(code)) => fault.code = Code::from_wit_name(&code).unwrap_or(Code::Unknown),
            ("reason", Val::String(reason)) => fault.reason = Cow::Owned(reason),
            ("message", Val::String(message)) => fault.message = message,
            ("metadata", Val::List(entries)) => fault.metadata = entries.into_iter().filter_map(entry).collect(),
            _ => {}
        }
    }
    fault
}

fn entry(value: Val) -> Option<(String, String)> {
    let Val::Tuple(pair) = value else { return None };
    match <[Val; 2]>::try_from(pair) {
        Ok([Val::String(key), Val::String(value)]) => Some((key, value)),
        _ => None,
    }
}

/// Time is up.
pub(super) fn deadline(label: &str) -> Fault {
    Fault::new(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", format!("`{label}` did not answer in time; try again"))
}

/// Why an instance failed, for the caller; the details go to the log, where they may be read by whom they concern.
pub(super) fn of_failure(error: &wasmtime::Error, state: &ServiceState, label: &str) -> Fault {
    if state.usage.spent().is_some() {
        let message = format!("`{label}` ran out of memory; ask for less at a time");
        return Fault::new(Code::ResourceExhausted, "MEMORY_EXHAUSTED", message);
    }
    if matches!(error.downcast_ref::<Trap>(), Some(Trap::Interrupt)) {
        return deadline(label);
    }
    if error.is::<PoolConcurrencyLimitError>() {
        let message = format!("there is no room for another instance of `{label}` just now; try again");
        return Fault::new(Code::Unavailable, "SERVICE_BUSY", message);
    }
    tracing::error!(service = label, error = format!("{error:?}"), "service failed");
    Fault::new(Code::Internal, "SERVICE_FAILED", format!("`{label}` broke down over this call"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_survives_the_way_through_a_component() {
        let fault = Fault::new(Code::Aborted, "X", "y").with("a", "b");
        assert_eq!(unwrap(into_val(fault.clone())), Err(fault));
    }

    #[test]
    fn good_answers_are_unwrapped() {
        assert_eq!(unwrap(Val::Result(Ok(Some(Box::new(Val::U8(1)))))), Ok(Some(Val::U8(1))));
        assert_eq!(unwrap(Val::Result(Ok(None))), Ok(None));
        assert_eq!(unwrap(Val::Result(Err(None))).unwrap_err().code, Code::Unknown);
    }
}
