//! What a broken or malicious program does to whoever runs it.

#![allow(clippy::panic, reason = "panicking is the point")]

use std::hint::black_box;

use fondaco_sdk::prelude::*;

/// A misdeed.
#[derive(Config)]
pub(crate) enum Misdeed {
    /// Never comes back.
    Loop,
    /// Takes memory until there is none.
    Memory,
    /// Calls itself until the stack ends.
    Recursion,
    /// Executes `unreachable`.
    Trap,
    /// Panics, with a message.
    Panic,
    /// Answers a message of many megabytes.
    HugeOutput,
    /// Answers very many small operations.
    Million,
    /// Writes a log line a million times, and then nothing else.
    LogFlood,
    /// Writes one line of a megabyte.
    LogLine,
    /// Answers a fault of its own, far too long and with a reason that is none.
    LongFault,
}

/// Does it.
pub(crate) fn commit(misdeed: &Misdeed) -> Result<Vec<Operation>, Fault> {
    match misdeed {
        Misdeed::Loop => loop {
            black_box(());
        },
        Misdeed::Memory => hoard(),
        Misdeed::Recursion => {
            let mut depth = 0;
            deep(&mut depth, black_box(u64::MAX));
            Ok(vec![Operation::accept(depth.to_string(), "")])
        }
        Misdeed::Trap => trap(),
        Misdeed::Panic => panic!("the merchant's own words"),
        Misdeed::HugeOutput => Ok(vec![Operation::accept("CODE", "x".repeat(8 << 20))]),
        Misdeed::Million => Ok((0..1_000_000).map(|_| Operation::accept("", "")).collect()),
        Misdeed::LogFlood => {
            for _ in 0..1_000_000 {
                fondaco_sdk::log::line("the same line again and again");
            }
            Ok(vec![])
        }
        Misdeed::LogLine => {
            fondaco_sdk::log::line(&"x".repeat(1 << 20));
            Ok(vec![])
        }
        Misdeed::LongFault => Err(Fault {
            code: Code::Internal,
            reason: "not a reason at all".into(),
            message: "m".repeat(1 << 18),
            metadata: vec![("k".repeat(1_000), "v".repeat(1_000)); 50],
        }),
    }
}

/// Zeros cost a bump allocator nothing, so that memory runs out before fuel does.
fn hoard() -> ! {
    let mut hoard = Vec::new();
    loop {
        hoard.push(black_box(vec![0_u8; 1 << 20]));
    }
}

/// What comes after the call keeps compilers from making a loop of it.
fn deep(depth: &mut u64, limit: u64) {
    *depth += 1;
    if *depth < limit {
        deep(depth, limit);
        *depth ^= limit;
    }
}

fn trap() -> ! {
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
    #[cfg(not(target_arch = "wasm32"))]
    std::process::abort()
}
