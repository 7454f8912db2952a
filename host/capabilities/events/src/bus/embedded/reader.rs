//! One who reads: a subscription's entries, in the order of their numbers.

use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::SqlitePool;
use tokio::sync::{mpsc, watch};

use super::statements::{self, Read};
use super::{Known, Subscriptions};
use crate::bus::{Delivery, Queue, Receipt, Received};
use crate::event::Event;
use crate::subscription::SubscriptionName;

/// Entries that are read at a time.
const CHUNK: u32 = 128;
/// The wait after a read that failed.
const PAUSE: Duration = Duration::from_millis(200);

/// Begins to read as soon as the subscription is declared.
pub(super) fn start(
    readers: SqlitePool,
    mut subscriptions: watch::Receiver<Subscriptions>,
    name: SubscriptionName,
) -> Queue {
    let (entries, received) = mpsc::channel(1);
    let reader = tokio::spawn(async move {
        let known = subscriptions.wait_for(|all| all.contains_key(&name)).await;
        // Not kept: it would hold up who declares.
        let Some(known) = known.ok().and_then(|all| all.get(&name).cloned()) else { return };
        follow(&readers, &known, &entries).await;
    });
    Queue::new(received, reader)
}

async fn follow(readers: &SqlitePool, known: &Known, entries: &mpsc::Sender<Received>) {
    let mut newest = known.newest.subscribe();
    let mut last = 0;
    loop {
        newest.borrow_and_update();
        let read = match statements::after(readers, known.number, last, CHUNK).await {
            Ok(read) => read,
            Err(sqlx::Error::PoolClosed) => return,
            Err(error) => {
                tracing::warn!(subscription = %known.route.name, %error, "event bus cannot read");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        if let Some(newest) = read.last() {
            last = newest.seq;
            let deliveries = read.iter().filter_map(delivery).collect();
            if entries.send(Received::Entries(deliveries)).await.is_err() {
                return;
            }
        } else if newest.changed().await.is_err() {
            return;
        }
    }
}

fn delivery(read: &Read) -> Option<Delivery> {
    let event = match Event::from_json(&read.json) {
        Ok(event) => Arc::new(event),
        // Only a damaged file does this: the entry stays where it is, for whoever mends it.
        Err(fault) => {
            tracing::error!(seq = read.seq, %fault, "event bus holds what is not an event");
            return None;
        }
    };
    let receipt = Receipt { generation: 0, partition: 0, id: (read.seq.unsigned_abs(), 0) };
    Some(Delivery { receipt, event, attempts: read.attempts, due_ms: read.due_ms, bytes: read.json.len() })
}
