//! Which entry of a subscription's queue is tried next. Plain data: no clock, no I/O.
//!
//! - Entries with the same order key (an ordered subscription, a tenant, a partition key) are tried one after the
//!   other, as they came. One that waits for its next attempt holds up its own key and nothing else.
//! - Tenants take turns, so that one with a long backlog delays another by one event and not by its backlog.
//! - At most `concurrency` run at a time.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use fondaco_engine::TenantId;

use crate::bus::{Delivery, Receipt};
use crate::event::Event;

/// Entries that are remembered at most. Those that wait take some 200 bytes each, since their events are let go.
const WINDOW: usize = 50_000;
/// Entries that could run at once; nothing more is taken in beyond.
const AHEAD: usize = 512;
/// Bytes of events that are kept in memory; the events of entries beyond that are fetched again when they are due.
const HELD_BYTES: usize = 16 << 20;

/// An entry in the schedule.
pub(crate) type Token = u64;

type OrderKey = (TenantId, String);

/// An entry that runs now.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    pub(crate) token: Token,
    pub(crate) receipt: Receipt,
    pub(crate) attempts: u32,
    /// `None`: it was let go and must be fetched.
    pub(crate) event: Option<Arc<Event>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Behind another one with the same order key.
    Blocked,
    /// Not due.
    Waiting(i64),
    Ready,
    Running,
    /// It runs, and the queue has taken it back meanwhile.
    RunningRevoked,
}

#[derive(Debug)]
struct Entry {
    receipt: Receipt,
    tenant: TenantId,
    key: Option<OrderKey>,
    event: Option<Arc<Event>>,
    bytes: usize,
    attempts: u32,
    due_ms: i64,
    state: State,
}

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Schedule {
    ordered: bool,
    concurrency: usize,
    next: Token,
    entries: HashMap<Token, Entry>,
    receipts: HashMap<Receipt, Token>,
    keys: HashMap<OrderKey, VecDeque<Token>>,
    waiting: BTreeSet<(i64, Token)>,
    ready: HashMap<TenantId, VecDeque<Token>>,
    /// Tenants with ready entries, in turn.
    turns: VecDeque<TenantId>,
    ready_count: usize,
    running: usize,
    held_bytes: usize,
}

impl Schedule {
    pub(crate) fn new(ordered: bool, concurrency: usize) -> Self {
        Self {
            ordered,
            concurrency,
            next: 0,
            entries: HashMap::new(),
            receipts: HashMap::new(),
            keys: HashMap::new(),
            waiting: BTreeSet::new(),
            ready: HashMap::new(),
            turns: VecDeque::new(),
            ready_count: 0,
            running: 0,
            held_bytes: 0,
        }
    }

    /// Whether more entries should be taken in.
    pub(crate) fn has_room(&self) -> bool {
        self.ready_count < AHEAD && self.entries.len() < WINDOW
    }

    pub(crate) fn running(&self) -> usize {
        self.running
    }

    /// A new manifest may say otherwise.
    pub(crate) fn set_concurrency(&mut self, concurrency: usize) {
        self.concurrency = concurrency;
    }

    /// Takes an entry in. One that is there already stays as it is: after a lost connection, all come again.
    pub(crate) fn add(&mut self, delivery: Delivery, now_ms: i64) {
        if let Some(there) = self.receipts.get(&delivery.receipt).and_then(|token| self.entries.get_mut(token)) {
            if there.state == State::RunningRevoked {
                there.state = State::Running;
            }
            return;
        }
        let token = self.next;
        self.next += 1;
        let event = delivery.event;
        let tenant = event.tenant.clone();
        let key = event.partition_key.clone().filter(|_| self.ordered).map(|key| (tenant.clone(), key));
        let is_head = key.as_ref().is_none_or(|key| {
            let queue = self.keys.entry(key.clone()).or_default();
            queue.push_back(token);
            queue.len() == 1
        });
        let keep = self.held_bytes + delivery.bytes <= HELD_BYTES;
        let bytes = if keep { delivery.bytes } else { 0 };
        self.held_bytes += bytes;
        let entry = Entry {
            receipt: delivery.receipt,
            tenant,
            key,
            event: keep.then_some(event),
            bytes,
            attempts: delivery.attempts,
            due_ms: delivery.due_ms,
            state: State::Blocked,
        };
        self.receipts.insert(entry.receipt, token);
        self.entries.insert(token, entry);
        if is_head {
            self.line_up(token, now_ms);
        }
    }

    /// The next entry to run, if one is due and there is room; it runs from now on.
    pub(crate) fn start(&mut self, now_ms: i64) -> Option<Start> {
        if self.running >= self.concurrency {
            return None;
        }
        self.wake(now_ms);
        let tenant = self.turns.pop_front()?;
        let queue = self.ready.get_mut(&tenant)?;
        let token = queue.pop_front()?;
        if queue.is_empty() {
            self.ready.remove(&tenant);
        } else {
            self.turns.push_back(tenant);
        }
        self.ready_count -= 1;
        self.running += 1;
        let entry = self.entries.get_mut(&token)?;
        entry.state = State::Running;
        let (receipt, attempts, event) = (entry.receipt, entry.attempts, entry.event.clone());
        Some(Start { token, receipt, attempts, event })
    }

    /// A running entry is done with: the next of its order key may run.
    pub(crate) fn finish(&mut self, token: Token, now_ms: i64) {
        self.running = self.running.saturating_sub(1);
        self.remove(token, now_ms);
    }

    /// A running entry failed and is due again later. One that was revoked meanwhile is forgotten.
    pub(crate) fn retry(&mut self, token: Token, attempts: u32, due_ms: i64, now_ms: i64) {
        self.running = self.running.saturating_sub(1);
        let Some(entry) = self.entries.get_mut(&token) else { return };
        if entry.state == State::RunningRevoked {
            self.remove(token, now_ms);
            return;
        }
        (entry.attempts, entry.due_ms) = (attempts, due_ms);
        self.line_up(token, now_ms);
    }

    /// The queue took entries back: all that do not run are forgotten.
    pub(crate) fn revoke(&mut self, partition: Option<u16>, now_ms: i64) {
        let revoked = |entry: &Entry| partition.is_none_or(|partition| partition == entry.receipt.partition);
        let mut tokens: Vec<_> =
            self.entries.iter().filter(|(_, entry)| revoked(entry)).map(|(token, _)| *token).collect();
        // From the last to the first, so that none becomes the head of its key only to go as well.
        tokens.sort_unstable_by(|a, b| b.cmp(a));
        for token in tokens {
            match self.entries.get_mut(&token) {
                Some(entry) if matches!(entry.state, State::Running | State::RunningRevoked) => {
                    entry.state = State::RunningRevoked;
                }
                _ => self.remove(token, now_ms),
            }
        }
    }

    /// When the next waiting entry is due, in ms since 1970.
    pub(crate) fn next_due_ms(&self) -> Option<i64> {
        self.waiting.first().map(|(due_ms, _)| *due_ms)
    }

    /// Entries that became due are ready.
    fn wake(&mut self, now_ms: i64) {
        while let Some((due_ms, token)) = self.waiting.first().copied() {
            if due_ms > now_ms {
                return;
            }
            self.waiting.pop_first();
            self.make_ready(token);
        }
    }

    /// The head of its key, or without one: ready, or waiting.
    fn line_up(&mut self, token: Token, now_ms: i64) {
        let Some(entry) = self.entries.get_mut(&token) else { return };
        if entry.due_ms > now_ms {
            entry.state = State::Waiting(entry.due_ms);
            self.waiting.insert((entry.due_ms, token));
        } else {
            self.make_ready(token);
        }
    }

    fn make_ready(&mut self, token: Token) {
        let Some(entry) = self.entries.get_mut(&token) else { return };
        entry.state = State::Ready;
        let queue = self.ready.entry(entry.tenant.clone()).or_default();
        if queue.is_empty() {
            self.turns.push_back(entry.tenant.clone());
        }
        queue.push_back(token);
        self.ready_count += 1;
    }

    fn remove(&mut self, token: Token, now_ms: i64) {
        let Some(entry) = self.entries.remove(&token) else { return };
        self.receipts.remove(&entry.receipt);
        self.held_bytes -= entry.bytes;
        match entry.state {
            State::Waiting(due_ms) => {
                self.waiting.remove(&(due_ms, token));
            }
            State::Ready => self.unready(&entry.tenant, token),
            State::Blocked | State::Running | State::RunningRevoked => {}
        }
        let Some(key) = entry.key else { return };
        let Some(queue) = self.keys.get_mut(&key) else { return };
        let was_head = queue.front() == Some(&token);
        queue.retain(|other| *other != token);
        let head = queue.front().copied();
        if queue.is_empty() {
            self.keys.remove(&key);
        }
        if let Some(head) = head.filter(|_| was_head) {
            self.line_up(head, now_ms);
        }
    }

    fn unready(&mut self, tenant: &TenantId, token: Token) {
        let Some(queue) = self.ready.get_mut(tenant) else { return };
        queue.retain(|other| *other != token);
        self.ready_count -= 1;
        if queue.is_empty() {
            self.ready.remove(tenant);
            self.turns.retain(|other| other != tenant);
        }
    }
}

#[cfg(test)]
mod tests;
