//! Brings what was settled and postponed to Redis, many at a time, and again until it is there.
//!
//! What was noted of another generation's entries is dropped: they are gone, and others may have their ids. What was
//! handled and is relayed again has an inbox row.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::keys::{SETTLE, attempt_field, entry_id, failed, mark_of};
use super::link::{Link, Links, incarnation_in};
use crate::backoff::Backoff;
use crate::bus::{BusError, Receipt};
use crate::fail_point::fail_point;
use crate::subscription::SubscriptionName;

/// Notes that go together at most.
const BATCH: usize = 512;
const BACKOFF: Backoff = Backoff { first: Duration::from_millis(50), longest: Duration::from_secs(2) };
/// Attempts after the bus was closed.
const LAST_ATTEMPTS: u32 = 3;

/// What became of an entry.
#[derive(Debug)]
pub(super) enum Note {
    Settled { name: SubscriptionName, receipt: Receipt, event: Uuid },
    Postponed { name: SubscriptionName, receipt: Receipt, attempts: u32, due_ms: i64 },
    Close { reply: oneshot::Sender<()> },
}

impl Note {
    /// Whether it is about an entry of the generation with this mark, or about none.
    fn is_of(&self, mark: u64) -> bool {
        match self {
            Self::Settled { receipt, .. } | Self::Postponed { receipt, .. } => receipt.generation == mark,
            Self::Close { .. } => true,
        }
    }
}

/// Runs until it is closed.
pub(super) async fn run(links: Arc<Links>, mut notes: mpsc::Receiver<Note>) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut closing = None;
    while closing.is_none() && notes.recv_many(&mut batch, BATCH).await > 0 {
        for at in (0..batch.len()).rev() {
            if matches!(batch.get(at), Some(Note::Close { .. })) {
                closing = Some(batch.swap_remove(at));
                notes.close();
                while let Some(note) = notes.recv().await {
                    batch.push(note);
                }
            }
        }
        let mut attempts = 0;
        while let Err(error) = bring(&links, &batch).await {
            attempts += 1;
            if closing.is_some() && attempts >= LAST_ATTEMPTS {
                // They come again, and their inbox rows say that they were handled.
                tracing::warn!(%error, events = batch.len(), "handled events could not be taken off the bus");
                break;
            }
            tokio::time::sleep(BACKOFF.after(attempts)).await;
        }
        batch.clear();
    }
    if let Some(Note::Close { reply }) = closing {
        let _gone = reply.send(());
    }
}

async fn bring(links: &Links, batch: &[Note]) -> Result<(), BusError> {
    let link = links.get().await?;
    let result = bring_over(links, &link, batch).await;
    if result.is_err() {
        links.lost(&link).await;
    }
    result
}

async fn bring_over(links: &Links, link: &Link, batch: &[Note]) -> Result<(), BusError> {
    let mut connection = link.connection.clone();
    let mut generation = links.generation_of(link).await?;
    if batch.iter().any(|note| !note.is_of(mark_of(&generation))) {
        // Ask, before anything is dropped: what is known may be older than the note.
        generation = links.mend(link).await?.generation;
    }
    let mark = mark_of(&generation);
    let mut settled = BTreeMap::<&SubscriptionName, Vec<(Receipt, Uuid)>>::new();
    let mut postponed = redis::pipe();
    for note in batch {
        match note {
            note if !note.is_of(mark) => {}
            Note::Settled { name, receipt, event } => settled.entry(name).or_default().push((*receipt, *event)),
            Note::Postponed { name, receipt, attempts, due_ms } => {
                let value = format!("{attempts}:{due_ms}");
                postponed.hset(links.keys.attempts(name), attempt_field(*receipt), value).ignore();
            }
            Note::Close { .. } => {}
        }
    }
    if postponed.cmd_iter().next().is_some() {
        postponed.query_async::<()>(&mut connection).await.map_err(failed)?;
    }
    if !settled.is_empty() {
        fail_point!("bus-before-settle");
    }
    for (name, entries) in &settled {
        let mut call = SETTLE.prepare_invoke();
        call.key(links.keys.version()).key(links.keys.open()).key(links.keys.attempts(name));
        call.arg(incarnation_in(&generation)).arg(links.keys.streams()).arg(name.as_str());
        for (receipt, event) in entries {
            call.arg(receipt.partition).arg(entry_id(*receipt)).arg(event.simple().to_string());
        }
        // If it is another incarnation, there is nothing to settle.
        call.invoke_async::<()>(&mut connection).await.map_err(failed)?;
    }
    if !settled.is_empty() {
        fail_point!("bus-after-settle");
    }
    Ok(())
}
