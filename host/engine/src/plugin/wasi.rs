//! Deterministic WASI 0.2 for plugins.
//!
//! Written here and not taken from `wasmtime-wasi`, whose synchronous half waits on an async runtime (a plugin runs
//! inside of one) and sleeps for real. Here nothing ever waits: clocks stand still, every pollable is ready, standard
//! input is at its end, output goes to the log. So no resource has a state: a handle is a number that says which
//! stream it is, and a call costs nothing that it does not use.

mod cli;
mod clocks;
mod filesystem;
mod io;
mod random;

use wasmtime::component::types::ComponentInstance;
use wasmtime::component::{HasSelf, Linker};
use wasmtime_wasi::p2::bindings;

use super::PluginState;

/// Adds one interface to a linker, under the name by which the component imports it.
pub(super) type Add = fn(&mut Linker<PluginState>, &str, &ComponentInstance) -> wasmtime::Result<()>;

macro_rules! typed {
    ($($path:ident)::+) => {
        |linker, _, _| bindings::$($path)::+::add_to_linker::<PluginState, HasSelf<PluginState>>(linker, |state| state)
    };
}

/// Who adds an interface, by its name without version. What is not listed here is forbidden.
pub(super) fn provider(interface: &str) -> Option<Add> {
    let add: Add = match interface {
        "wasi:io/error" => typed!(io::error),
        "wasi:io/poll" => typed!(sync::io::poll),
        "wasi:io/streams" => typed!(sync::io::streams),
        "wasi:cli/environment" => typed!(cli::environment),
        "wasi:cli/exit" => typed!(cli::exit),
        "wasi:cli/stdin" => typed!(cli::stdin),
        "wasi:cli/stdout" => typed!(cli::stdout),
        "wasi:cli/stderr" => typed!(cli::stderr),
        "wasi:cli/terminal-input" => typed!(cli::terminal_input),
        "wasi:cli/terminal-output" => typed!(cli::terminal_output),
        "wasi:cli/terminal-stdin" => typed!(cli::terminal_stdin),
        "wasi:cli/terminal-stdout" => typed!(cli::terminal_stdout),
        "wasi:cli/terminal-stderr" => typed!(cli::terminal_stderr),
        "wasi:clocks/wall-clock" => typed!(clocks::wall_clock),
        "wasi:clocks/monotonic-clock" => typed!(clocks::monotonic_clock),
        "wasi:random/random" => typed!(random::random),
        "wasi:random/insecure" => typed!(random::insecure),
        "wasi:random/insecure-seed" => typed!(random::insecure_seed),
        "wasi:filesystem/types" => filesystem::types,
        "wasi:filesystem/preopens" => filesystem::preopens,
        _ => return None,
    };
    Some(add)
}
