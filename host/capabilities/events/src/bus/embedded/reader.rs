//! One who reads: a subscription's entries, in the order of their numbers.

use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::SqlitePool;
use tokio::sync::{mpsc, watch};

use super::statements::{self, Read};
use super::tail::Entry;
use super::{Known, Subscriptions};
use crate::bus::{Delivery, Queue, Receipt, Received};
use crate::event::Event;
use crate::subscription::SubscriptionName;

/// Entries that are read at a time.
const CHUNK: usize = 128;
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
    let mut news = known.news.subscribe();
    let mut last = 0;
    loop {
        news.borrow_and_update();
        let deliveries = match known.tail.take(last, CHUNK) {
            Some(arrived) => {
                last = arrived.last().map_or(last, |entry| entry.seq);
                arrived.into_iter().map(fresh).collect()
            }
            None => match read(readers, known, &mut last).await {
                Ok(deliveries) => deliveries,
                Err(sqlx::Error::PoolClosed) => return,
                Err(error) => {
                    tracing::warn!(subscription = %known.route.name, %error, "event bus cannot read");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            },
        };
        let is_behind = known.tail.newest() > last;
        if !deliveries.is_empty() && entries.send(Received::Entries(deliveries)).await.is_err() {
            return;
        }
        if !is_behind && news.changed().await.is_err() {
            return;
        }
    }
}

/// Entries from the disk; `last` is the number up to which all were read.
async fn read(readers: &SqlitePool, known: &Known, last: &mut i64) -> Result<Vec<Delivery>, sqlx::Error> {
    let newest = known.tail.newest();
    let read = statements::after(readers, known.number, *last, CHUNK).await?;
    let is_all = read.len() < CHUNK;
    *last = read.last().map_or(*last, |entry| entry.seq);
    if is_all {
        *last = newest.max(*last);
    }
    Ok(read.iter().filter_map(delivery).collect())
}

fn fresh(Entry { seq, event, bytes }: Entry) -> Delivery {
    Delivery { receipt: receipt(seq), event, attempts: 0, due_ms: 0, bytes }
}

fn receipt(seq: i64) -> Receipt {
    Receipt { generation: 0, partition: 0, id: (seq.unsigned_abs(), 0) }
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
    Some(Delivery {
        receipt: receipt(read.seq),
        event,
        attempts: read.attempts,
        due_ms: read.due_ms,
        bytes: read.json.len(),
    })
}
