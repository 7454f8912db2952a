//! What reaches the merchant: log lines and panic messages, both on standard error.
//!
//! On WebAssembly this is `wasi:cli/stderr`, which the host records as the plugin's log and the stock `wasmtime` CLI
//! prints. Measured: 2 kB, and 1.4 µs a call, because an import that reads memory makes three core instances of one. A
//! plugin without the feature `panic-messages` that does not log has no import at all.

#[cfg(target_arch = "wasm32")]
use crate::text::join;

/// Writes one line: `info!("{} lines", cart.lines.len())`.
#[macro_export]
macro_rules! info {
    ($($message:tt)+) => {
        $crate::log::line(&::std::format!($($message)+))
    };
}

/// Writes one line.
#[cold]
#[inline(never)]
pub fn line(message: &str) {
    #[cfg(target_arch = "wasm32")]
    wasi::write(join(&[message, "\n"]).as_bytes());
    #[cfg(not(target_arch = "wasm32"))]
    {
        use std::io::Write as _;
        // A closed standard error must not stop a rule.
        let _ = writeln!(std::io::stderr(), "{message}");
    }
}

/// Makes a panic say what and where before it traps. Exports call this first.
#[cfg(all(target_arch = "wasm32", feature = "panic-messages"))]
#[doc(hidden)]
pub fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or_default();
        let (file, number) = panic.location().map_or(("", 0), |place| (place.file(), place.line()));
        line(&join(&["panic at ", file, ":", &crate::text::digits(u64::from(number)), ": ", message]));
    }));
}

#[cfg(target_arch = "wasm32")]
mod wasi {
    //! Standard error. wit-bindgen tells `wit-component` of the import; the calls are by hand, because its own would
    //! import the dropping of two resources too, and each import costs at instantiation.

    #[allow(dead_code, unsafe_code, unreachable_pub, missing_docs)]
    mod bindings {
        wit_bindgen::generate!({
            inline: "package fondaco:log; world log { import wasi:cli/stderr@0.2.12; }",
            path: ["../../../wit/wasi/io", "../../../wit/wasi/cli"],
            generate_all,
            pub_export_macro: true,
        });
    }

    /// As much as `blocking-write-and-flush` takes at once.
    const CHUNK: usize = 4096;

    /// Where a `result<_, stream-error>` is written to: three words.
    #[repr(C, align(4))]
    struct Answer([u8; 12]);

    #[allow(unsafe_code)]
    pub(super) fn write(bytes: &[u8]) {
        #[link(wasm_import_module = "wasi:cli/stderr@0.2.12")]
        unsafe extern "C" {
            #[link_name = "get-stderr"]
            fn get_stderr() -> i32;
        }
        #[link(wasm_import_module = "wasi:io/streams@0.2.12")]
        unsafe extern "C" {
            #[link_name = "[method]output-stream.blocking-write-and-flush"]
            fn write_and_flush(stream: i32, bytes: *const u8, length: usize, answer: *mut u8);
        }
        // What cannot be written is lost: there is nobody left to tell. The handle is not dropped, because the
        // instance ends with its call.
        let mut answer = Answer([0; 12]);
        // SAFETY: the imports are declared as the canonical ABI has them; both places live through the calls.
        unsafe {
            let stderr = get_stderr();
            for chunk in bytes.chunks(CHUNK) {
                write_and_flush(stderr, chunk.as_ptr(), chunk.len(), answer.0.as_mut_ptr());
            }
        }
    }
}
