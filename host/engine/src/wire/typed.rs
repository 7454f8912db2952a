//! The one place that stands on what wasmtime does not promise.
//!
//! Wasmtime calls a function with any types that say how they are lowered and lifted, by traits whose methods it hides
//! and reserves the right to change: its own derive macros implement them. They are implemented here for arguments and
//! answers whose types are known at run time only. `docs/decisions/0008` says why, and what to look at when the version
//! of wasmtime changes.

#![expect(unsafe_code, reason = "wasmtime's traits for values that cross are unsafe to implement")]

use std::mem::MaybeUninit;
use std::sync::Arc;

use wasmtime::component::__internal::{CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext, LowerContext};
use wasmtime::component::{ComponentNamedList, ComponentType, Func, Lift, Lower, TypedFunc};
use wasmtime::{AsContextMut, Result, ValRaw, bail};

use super::lift::Answered;
use super::lower::FLAT;
use super::{Arguments, Reader, lift, lower};

/// Calls a function that answers `result<T, fault>`. What the reader makes of an answer is bounded by `most` bytes.
pub(crate) async fn call(
    function: Func,
    store: impl AsContextMut<Data: Send>,
    arguments: Arguments,
    reader: Arc<dyn Reader>,
    most: usize,
) -> Result<Answered> {
    // SAFETY: what has to hold is that parameters and results take the slots that the core function reads and writes.
    // It reads at most `FLAT`, all of which are written, and writes one at most, which is what `Answer` has. Whether
    // the parameters are those of the function is checked as they are lowered, and what they say is the guest's own
    // affair: it is a sandbox.
    let function = unsafe { TypedFunc::<Parameters, Answer>::new_unchecked(function) };
    let call = function.call_async(store, Parameters(arguments));
    READING.scope(Reading { reader, most }, call).await.map(|answer| answer.0)
}

/// Who reads the answer of the call that runs. Wasmtime's lifting has no room for a context, and takes place within a
/// poll of the call's future: [`scope`](tokio::task::LocalKey::scope) sets this before each poll and resets it after,
/// on whatever thread that is, and for calls within calls too.
struct Reading {
    reader: Arc<dyn Reader>,
    most: usize,
}

tokio::task_local! {
    static READING: Reading;
}

/// Not inlined into wasmtime's code for a call, which may leave one thread and come back on another: an address of the
/// thread's own that was found before would be the wrong one after.
#[inline(never)]
fn read(cx: &LiftContext<'_>, ty: InterfaceType, at: usize) -> Result<Answered> {
    READING.try_with(|reading| lift::lift(cx, ty, at, &*reading.reader, reading.most))?
}

struct Parameters(Arguments);

// SAFETY: `Lower` is an array of `ValRaw`. `ABI` is of no use to calls whose parameters are lowered flat, as these
// always are as far as wasmtime knows: 16 slots are within what it passes flat.
unsafe impl ComponentType for Parameters {
    type Lower = [ValRaw; FLAT];

    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::SCALAR4;

    fn typecheck(_: &InterfaceType, _: &InstanceType<'_>) -> Result<()> {
        bail!("these types are checked when arguments are laid out");
    }
}

// SAFETY: initialises all of `Lower`.
unsafe impl Lower for Parameters {
    fn linear_lower_to_flat<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        to: &mut MaybeUninit<Self::Lower>,
    ) -> Result<()> {
        lower::lower(&self.0, cx, ty, to.write([ValRaw::u64(0); FLAT]))
    }

    fn linear_lower_to_memory<T>(&self, _: &mut LowerContext<'_, T>, _: InterfaceType, _: usize) -> Result<()> {
        bail!("parameters are not a part of anything");
    }
}

// SAFETY: stands for the whole list of a function's parameters.
unsafe impl ComponentNamedList for Parameters {}

struct Answer(Answered);

// SAFETY: `Lower` is an array of `ValRaw`. As above, `ABI` is not used.
unsafe impl ComponentType for Answer {
    type Lower = [ValRaw; 1];

    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::SCALAR4;

    fn typecheck(_: &InterfaceType, _: &InstanceType<'_>) -> Result<()> {
        bail!("these types are checked when a plan is made");
    }
}

// SAFETY: reads nothing that is not checked to be within the memory.
unsafe impl Lift for Answer {
    /// A `result<T, fault>` has more than one flat value, so a core function returns where it lies.
    fn linear_lift_from_flat(cx: &mut LiftContext<'_>, ty: InterfaceType, from: &Self::Lower) -> Result<Self> {
        let [pointer] = from;
        read(cx, ty, pointer.get_u32() as usize).map(Self)
    }

    fn linear_lift_from_memory(_: &mut LiftContext<'_>, _: InterfaceType, _: &[u8]) -> Result<Self> {
        bail!("an answer is not a part of anything");
    }
}

// SAFETY: stands for the whole list of a function's results.
unsafe impl ComponentNamedList for Answer {}

/// A pointer and a length that wasmtime lowered.
pub(super) fn pair(pair: MaybeUninit<[ValRaw; 2]>) -> [ValRaw; 2] {
    // SAFETY: it was initialised before it was given to wasmtime, see `lower::transcode`.
    unsafe { pair.assume_init() }
}
