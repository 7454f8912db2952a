//! From a guest's memory to what a reader makes of it.

use std::borrow::Cow;

use wasmtime::component::__internal::wasmtime_environ::component::StringEncoding;
use wasmtime::component::__internal::{InterfaceType, LiftContext};
use wasmtime::{Result, bail};

use super::{Encoding, Layout, Malformed, Tagged, View};
use crate::{Code, Fault};

/// Makes bytes of an answer while it still lies in the guest's memory: when the call returns, it is gone.
pub trait Reader: Send + Sync {
    /// Reads the `T` of the `result<T, fault>` that a function answered, which begins at `at`.
    fn read(&self, memory: &View<'_>, at: usize) -> Result<Vec<u8>, Malformed>;
}

/// What a function answered: what was made of its `T`, none where there is no `T`; or its fault.
pub(super) type Answered = Result<Option<Vec<u8>>, Fault>;

/// Reads the `result<T, fault>` at `at`.
pub(super) fn lift(
    cx: &LiftContext<'_>,
    ty: InterfaceType,
    at: usize,
    reader: &dyn Reader,
    most: usize,
) -> Result<Answered> {
    let InterfaceType::Tuple(index) = ty else { bail!("the results of a function are a tuple") };
    let results = &cx.types[index];
    let [InterfaceType::Result(result)] = *results.types else { bail!("the function does not answer a `result`") };
    let result = &cx.types[result];
    let encoding = match cx.options().string_encoding {
        StringEncoding::Utf8 => Encoding::Utf8,
        StringEncoding::Utf16 => Encoding::Utf16,
        StringEncoding::CompactUtf16 => Encoding::Latin1OrUtf16,
    };
    let view = View::new(cx.memory(), encoding, most);
    view.starts(at, Layout::from_info(&results.abi))?;
    let tagged = Tagged { tag: result.info.size.into(), payload: result.info.payload_offset32 };
    let payload = at + tagged.payload as usize;
    match (view.case(at, tagged, 2)?, result.ok) {
        (0, None) => Ok(Ok(None)),
        (0, Some(_)) => Ok(Ok(Some(reader.read(&view, payload)?))),
        _ => Ok(Err(fault(&view, payload)?)),
    }
}

/// `record fault { code, reason: string, message: string, metadata: list<tuple<string, string>> }`: that it is one was
/// checked when the service was activated.
fn fault(view: &View<'_>, at: usize) -> Result<Fault, Malformed> {
    const PAIR: usize = Layout::POINTER_PAIR.size() as usize;
    let code = view.case(at, Tagged { tag: 1, payload: 0 }, Code::ALL.len())?;
    let code = Code::ALL.get(code).copied().unwrap_or(Code::Unknown);
    let [reason, message, metadata] = [4, 4 + PAIR, 4 + 2 * PAIR].map(|offset| at + offset);
    let mut fault = Fault::new(code, Cow::Owned(view.text(reason)?.into_owned()), view.text(message)?);
    let (entry, _) = Layout::record(&[Layout::POINTER_PAIR; 2]);
    for at in view.list(metadata, entry)? {
        fault.metadata.push((view.text(at)?.into_owned(), view.text(at + PAIR)?.into_owned()));
    }
    Ok(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_read_where_it_lies() {
        let word = |number: u32| number.to_le_bytes();
        let memory = [word(9), word(28), word(1), word(29), word(2), word(32), word(1)].concat();
        let entry = [word(28), word(1), word(29), word(2)].concat();
        let memory = [memory, b"Xyz.".to_vec(), entry].concat();
        let view = View::new(&memory, Encoding::Utf8, 100);
        assert_eq!(fault(&view, 0), Ok(Fault::new(Code::Aborted, "X", "yz").with("X", "yz")));
        let none = View::new(&[16; 60], Encoding::Utf8, 100);
        assert_eq!(fault(&none, 0), Err(Malformed::NoSuchCase(16)));
        assert_eq!(fault(&view, 4), Err(Malformed::NoSuchCase(28)));
    }
}
