//! Why a plugin's call ended, as one of a few stable reasons.

use wasmtime::{PoolConcurrencyLimitError, Trap, WasmBacktrace};

use super::Limits;
use super::state::{Hit, PluginState};
use crate::usage::Spent;
use crate::{Code, Fault};

/// As many frames as help.
const FRAMES: usize = 6;
/// The bound that `fondaco:types/faults` sets for a detail.
const DETAIL_BYTES: usize = 256;

pub(super) fn classify(error: &wasmtime::Error, state: &PluginState, limits: &Limits) -> Fault {
    if let Some(spent) = state.usage.spent() {
        return of_spent(spent, limits);
    }
    if let Some(hit) = state.hit() {
        return of_hit(hit, limits);
    }
    let fault = match error.downcast_ref::<Trap>() {
        Some(trap) => of_trap(*trap, state, limits),
        None => of_error(error, limits),
    };
    match backtrace(error) {
        Some(frames) => fault.with("backtrace", frames),
        None => fault,
    }
}

fn exhausted(reason: &'static str, message: String) -> Fault {
    Fault::new(Code::ResourceExhausted, reason, message)
}

fn of_spent(spent: Spent, limits: &Limits) -> Fault {
    match spent {
        Spent::Memory => {
            let most = limits.memory_bytes >> 10;
            exhausted(
                "MEMORY_EXHAUSTED",
                format!("the plugin asked for more than {most} KiB of memory; it should keep less at a time"),
            )
        }
        Spent::Table => exhausted(
            "TABLE_EXHAUSTED",
            format!("the plugin asked for more than {} table elements", limits.table_elements),
        ),
    }
}

fn of_hit(hit: Hit, limits: &Limits) -> Fault {
    match hit {
        Hit::HostCalls => exhausted(
            "HOST_CALLS_EXHAUSTED",
            format!(
                "the plugin called the host more than {} times, most likely to log; it should log less",
                limits.host_calls
            ),
        ),
        Hit::Exit => {
            Fault::new(Code::Unknown, "EXIT", "the plugin called exit; it should answer, or answer with a fault")
        }
    }
}

fn of_trap(trap: Trap, state: &PluginState, limits: &Limits) -> Fault {
    match trap {
        Trap::OutOfFuel => exhausted(
            "FUEL_EXHAUSTED",
            format!("the plugin used up its {} units of fuel; it loops forever or does too much", limits.fuel),
        ),
        Trap::Interrupt => exhausted(
            "TIME_EXHAUSTED",
            format!("the plugin ran longer than {} ms; it moves too much memory", limits.wall.as_millis()),
        ),
        Trap::StackOverflow => {
            exhausted("STACK_EXHAUSTED", "the plugin used up its stack; a recursion in it does not end".to_owned())
        }
        // A panic is an `unreachable` behind a message; without a message it can't be told from any other.
        Trap::UnreachableCodeReached => match state.log.last_words() {
            Some(words) => {
                Fault::new(Code::Unknown, "PANIC", shortened(&format!("the plugin panicked: {words}"), 1_000))
            }
            None => Fault::new(Code::Unknown, "TRAP", "the plugin gave up (`unreachable`), without a word in its log"),
        },
        other => Fault::new(Code::Unknown, "TRAP", format!("the plugin crashed: {other}")),
    }
}

fn of_error(error: &wasmtime::Error, limits: &Limits) -> Fault {
    if error.is::<PoolConcurrencyLimitError>() {
        return super::busy();
    }
    // Wasmtime has no public type for it; the test `a_huge_answer_is_refused` keeps watch over these words.
    let text = format!("{error:#}");
    if text.contains("too much data is being copied between the host and the guest") {
        let message =
            format!("the plugin's answer has more than {} bytes in the host; it should say less", limits.output_bytes);
        return exhausted("OUTPUT_TOO_LARGE", message);
    }
    let message = shortened(&format!("the plugin broke the calling convention: {text}"), 1_000);
    Fault::new(Code::Unknown, "INVALID_OUTPUT", message)
}

/// The functions on the stack, innermost first, as far as the component names them.
fn backtrace(error: &wasmtime::Error) -> Option<String> {
    let frames = error.downcast_ref::<WasmBacktrace>()?.frames();
    let names: Vec<&str> = frames.iter().filter_map(|frame| frame.func_name()).take(FRAMES).collect();
    (!names.is_empty()).then(|| shortened(&names.join(" < "), DETAIL_BYTES))
}

fn shortened(text: &str, most: usize) -> String {
    let mut text = text.to_owned();
    text.truncate(text.floor_char_boundary(most));
    text
}
