//! A service that keeps entries and publishes each; it handles its own events by writing an effect a piece. So that
//! tests see whether anything is lost, doubled or half done, whatever becomes of the host meanwhile.
//!
//! Its config: `note` is written into a column that a later migration adds; `poison` is a number it cannot handle.

#[cfg(target_arch = "wasm32")]
mod guest {
    mod bindings {
        #![allow(missing_docs, unsafe_code, unused_qualifications, unreachable_pub, clippy::all, clippy::pedantic)]
        wit_bindgen::generate!({
            inline: "package test:ledger@1.0.0;
                interface entries {
                    use fondaco:types/faults@1.0.0.{fault};
                    /// How a call ends after it has written.
                    enum ending { err, trap, spin }
                    record totals {
                        entries: u64, sum: s64, effects: u64, effects-sum: s64,
                        /// Effects that came before one with a smaller number of the same author.
                        out-of-order: u64,
                    }
                    write: func(author: string, number: s64, then: option<ending>) -> result<_, fault>;
                    tally: func(author: option<string>) -> result<totals, fault>;
                }
                world service {
                    export entries;
                    export fondaco:host/event-handler@1.0.0;
                }",
            world: "test:ledger/service",
            path: ["../../../wit/types", "../../../wit/host"],
            with: { "fondaco:types/faults@1.0.0": fondaco_service::bindings::types::faults },
            generate_all,
        });
        use super::Ledger;
        export!(Ledger);
    }

    use bindings::exports::fondaco::host::event_handler;
    use bindings::exports::test::ledger::entries::{self, Ending, Totals};
    use fondaco_service::{config, events, prelude::*};
    use serde::{Deserialize, Serialize};

    struct Ledger;

    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Config {
        note: Option<String>,
        poison: Option<i64>,
    }

    #[derive(Serialize, Deserialize)]
    struct Written {
        author: String,
        number: i64,
    }

    impl Event for Written {
        const TYPE: &'static str = "fondaco.test.entry.written.v1";
        fn partition_key(&self) -> Option<String> {
            Some(self.author.clone())
        }
    }

    impl entries::Guest for Ledger {
        fn write(author: String, number: i64, then: Option<Ending>) -> Result<(), Fault> {
            match config::read::<Config>()?.note {
                None => {
                    sql::execute("INSERT INTO entries (author, number) VALUES ($1, $2)", params![&*author, number])?
                }
                Some(note) => sql::execute(
                    "INSERT INTO entries (author, number, note) VALUES ($1, $2, $3)",
                    params![&*author, number, note],
                )?,
            };
            events::publish(&Written { author, number })?;
            match then {
                None => Ok(()),
                Some(Ending::Err) => Err(fault::precondition("ASKED_TO_FAIL", "it was asked to fail")),
                Some(Ending::Trap) => core::arch::wasm32::unreachable(),
                Some(Ending::Spin) => loop {
                    std::hint::spin_loop();
                },
            }
        }

        fn tally(author: Option<String>) -> Result<Totals, Fault> {
            let author = author.unwrap_or_default();
            let (entries, sum): (i64, i64) = sql::one(
                "SELECT count(*), CAST(coalesce(sum(number), 0) AS BIGINT) FROM entries WHERE $1 = '' OR author = $1",
                params![&*author],
            )?;
            let (effects, effects_sum): (i64, i64) = sql::one(
                "SELECT count(*), CAST(coalesce(sum(number), 0) AS BIGINT) FROM effects WHERE $1 = '' OR author = $1",
                params![&*author],
            )?;
            let (out_of_order,): (i64,) = sql::one(
                "SELECT count(*) FROM effects e JOIN effects l ON l.author = e.author AND l.seq = e.seq + 1
                 WHERE l.number < e.number AND ($1 = '' OR e.author = $1)",
                params![&*author],
            )?;
            let count = |rows: i64| u64::try_from(rows).unwrap_or_default();
            Ok(Totals {
                entries: count(entries),
                sum,
                effects: count(effects),
                effects_sum,
                out_of_order: count(out_of_order),
            })
        }
    }

    impl event_handler::Guest for Ledger {
        fn handle(event: event_handler::Event) -> Result<(), Fault> {
            let Written { author, number } = events::decode(&event.type_, &event.data)?;
            if config::read::<Config>()?.poison == Some(number) {
                return Err(fault::precondition("POISON", format!("{number} cannot be handled")));
            }
            let statement = "INSERT INTO effects (author, seq, number)
                SELECT $1, coalesce(max(seq), 0) + 1, $2 FROM effects WHERE author = $1";
            sql::execute(statement, params![&*author, number]).map(drop)
        }
    }
}
