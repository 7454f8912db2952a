//! The component.

mod bindings {
    #![allow(missing_docs, unsafe_code, unused_qualifications, unreachable_pub, clippy::all, clippy::pedantic)]
    wit_bindgen::generate!({
        inline: "package test:stock@1.0.0;
            interface shelf {
                use fondaco:types/faults@1.0.0.{fault};
                /// Reads so many skus from that number on, one a statement; what is on hand of all of them.
                read: func(first: u32, count: u32) -> result<s64, fault>;
                /// Reserves one of each of so many, one a statement, all in one unit of work.
                take: func(first: u32, count: u32) -> result<u64, fault>;
                /// Publishes so many events, from that number on, in one unit of work with a reservation.
                publish: func(first: u32, count: u32) -> result<u64, fault>;
            }
            world service { export shelf; }",
        world: "test:stock/service",
        path: ["../../../wit/types"],
        with: { "fondaco:types/faults@1.0.0": fondaco_service::bindings::types::faults },
        generate_all,
    });
    use super::Stock;
    export!(Stock);
}

use bindings::exports::test::stock::shelf::Guest;
use fondaco_service::events;
use fondaco_service::prelude::*;
use serde::Serialize;

/// The rows that the benchmark fills in.
const SKUS: u32 = 10_000;

#[derive(FromRow)]
struct Row {
    on_hand: i64,
    reserved: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reserved {
    number: u32,
    sku: String,
    left: i64,
}

impl Event for Reserved {
    const TYPE: &'static str = "fondaco.bench.reserved.v1";
    fn subject(&self) -> Option<String> {
        Some(self.number.to_string())
    }
    fn partition_key(&self) -> Option<String> {
        Some(self.sku.clone())
    }
}

struct Stock;

impl Guest for Stock {
    fn read(first: u32, count: u32) -> Result<i64, Fault> {
        let mut sum = 0;
        for number in first..first + count {
            let statement = "SELECT sku, on_hand, reserved FROM stock WHERE sku = $1";
            let row: Row = sql::one(statement, params![sku(number)])?;
            sum += row.on_hand - row.reserved;
        }
        Ok(sum)
    }

    fn take(first: u32, count: u32) -> Result<u64, Fault> {
        (first..first + count).map(|number| reserve(&sku(number))).sum()
    }

    fn publish(first: u32, count: u32) -> Result<u64, Fault> {
        let changed = reserve(&sku(first))?;
        for number in first..first + count {
            events::publish(&Reserved { number, sku: sku(number), left: 1 })?;
        }
        Ok(changed)
    }
}

fn reserve(sku: &str) -> Result<u64, Fault> {
    let statement = "UPDATE stock SET reserved = reserved + $2 WHERE sku = $1 AND on_hand - reserved >= $2";
    sql::execute(statement, params![sku, 1_i64])
}

/// Far apart, so that neighbours in time are not neighbours on a page.
fn sku(number: u32) -> String {
    format!("sku-{}", u64::from(number) * 7_919 % u64::from(SKUS) + 1)
}
