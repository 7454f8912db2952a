//! The component.

mod bindings {
    #![allow(missing_docs, unsafe_code, unused_qualifications, unreachable_pub, clippy::all, clippy::pedantic)]
    wit_bindgen::generate!({
        inline: "package test:tally@1.0.0;
            world service { export fondaco:host/event-handler@1.0.0; }",
        world: "test:tally/service",
        path: ["../../../wit/types", "../../../wit/host"],
        with: { "fondaco:types/faults@1.0.0": fondaco_service::bindings::types::faults },
        generate_all,
    });
    use super::Ledger;
    export!(Ledger);
}

use bindings::exports::fondaco::host::event_handler::{Event, Guest};
use fondaco_service::prelude::*;

struct Ledger;

impl Guest for Ledger {
    fn handle(event: Event) -> Result<(), Fault> {
        let key = event.partition_key.unwrap_or_default();
        let statement = "INSERT INTO tally (key, events) VALUES ($1, 1)
             ON CONFLICT (key) DO UPDATE SET events = tally.events + 1";
        sql::execute(statement, params![key]).map(drop)
    }
}
