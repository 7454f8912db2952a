//! The component.

mod bindings {
    #![allow(missing_docs, unsafe_code, unused_qualifications, unreachable_pub, clippy::all, clippy::pedantic)]
    wit_bindgen::generate!({
        inline: "package test:schedule;
            interface chores {
                use fondaco:types/faults@1.0.0.{fault};
                /// Writes that it ran.
                sweep: func() -> result<_, fault>;
                /// Writes what it was due at.
                note-due: func(due-ms: u64) -> result<_, fault>;
                /// Writes, and fails.
                fail: func() -> result<_, fault>;
                /// Writes, and traps.
                trap: func() -> result<_, fault>;
                /// Writes, and never ends.
                spin: func() -> result<_, fault>;
                /// Read-only by the manifest.
                look: func() -> result<_, fault>;
                /// Of the wrong type for a job.
                count: func(job: string) -> result<u64, fault>;
                /// Of the wrong type for a job.
                answer: func() -> result<u64, fault>;
            }
            world service {
                import fondaco:host/sql@1.0.0;
                export chores;
            }",
        world: "test:schedule/service",
        path: ["../../../wit/types", "../../../wit/host"],
        generate_all,
    });
    use super::Chores;
    export!(Chores);
}

use bindings::exports::test::schedule::chores::Guest;
use bindings::fondaco::host::sql::{self, Value};
use bindings::fondaco::types::faults::{Code, Fault};

struct Chores;

impl Guest for Chores {
    fn sweep() -> Result<(), Fault> {
        ran("sweep", 0)
    }

    fn note_due(due_ms: u64) -> Result<(), Fault> {
        ran("note-due", due_ms.cast_signed())
    }

    fn fail() -> Result<(), Fault> {
        ran("fail", 0)?;
        let (reason, message) = ("BROOM_BROKEN".to_owned(), "The broom is broken.".to_owned());
        Err(Fault { code: Code::FailedPrecondition, reason, message, metadata: Vec::new() })
    }

    fn trap() -> Result<(), Fault> {
        ran("trap", 0)?;
        core::arch::wasm32::unreachable()
    }

    fn spin() -> Result<(), Fault> {
        ran("spin", 0)?;
        loop {
            core::hint::spin_loop();
        }
    }

    fn look() -> Result<(), Fault> {
        Ok(())
    }

    fn count(job: String) -> Result<u64, Fault> {
        let rows = sql::query("SELECT count(*) FROM runs WHERE job = $1", &[Value::Text(job)])?;
        match rows.rows.first().map(Vec::as_slice) {
            Some([Value::Integer(count)]) => Ok(count.cast_unsigned()),
            _ => Ok(0),
        }
    }

    fn answer() -> Result<u64, Fault> {
        Ok(42)
    }
}

fn ran(job: &str, due_ms: i64) -> Result<(), Fault> {
    let parameters = [Value::Text(job.to_owned()), Value::Integer(due_ms)];
    sql::execute("INSERT INTO runs (job, due_ms) VALUES ($1, $2)", &parameters).map(drop)
}
