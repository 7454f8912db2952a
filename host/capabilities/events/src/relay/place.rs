//! One look into one database: relay what is new, note it, forget what was handled.

use std::sync::Arc;
use std::time::Duration;

use fondaco_engine::Fault;
use tokio::time::Instant;

use super::{Relay, TIDY_EVERY};
use crate::bus::{BusError, Generation};
use crate::clock::{ms, now_ms};
use crate::fail_point::fail_point;
use crate::meters;
use crate::store::{Place, settled_ranges};

/// Events that go to the bus together.
const BATCH: i64 = 256;
/// Events that may be relayed before it is noted.
const UNMARKED: i64 = 2_000;
/// Kept events that are looked up together.
const CHECKED: i64 = 1_000;
/// How often kept events are looked up.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// What the relay remembers of a database. Forgetting it costs a look at the whole outbox, and nothing else.
#[derive(Debug)]
pub(super) struct State {
    /// The bus's generation that this is about; `None` as long as it was never reached.
    pub(super) generation: Option<Generation>,
    /// All events up to this number are on the bus.
    pub(super) cursor: i64,
    /// Those of them for which this is not noted.
    unmarked: Option<(i64, i64)>,
    tidied_at: Instant,
    /// Whether the outbox may hold events that are on the bus.
    keeps: bool,
    /// Where the next lookup of kept events goes on.
    checked: i64,
    check_at: Instant,
}

impl State {
    /// Nothing is known.
    pub(super) fn of(generation: Option<Generation>) -> Self {
        let now = Instant::now();
        Self { generation, cursor: 0, unmarked: None, tidied_at: now, keeps: true, checked: 0, check_at: now }
    }

    pub(super) fn wants_tidying(&self) -> bool {
        self.unmarked.is_some() || (self.keeps && Instant::now() >= self.check_at)
    }

    pub(super) fn is_worth_keeping(&self) -> bool {
        self.unmarked.is_some() || self.keeps
    }
}

/// What failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    Bus,
    /// The bus is another one than the state is about: all start over.
    Generation,
    Database,
}

impl From<BusError> for Trouble {
    fn from(error: BusError) -> Self {
        if matches!(error, BusError::AnotherGeneration) {
            return Self::Generation;
        }
        tracing::warn!(%error, "events cannot be relayed");
        Self::Bus
    }
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        tracing::warn!(%fault, "an outbox cannot be read");
        Self::Database
    }
}

pub(super) struct Round {
    pub(super) relay: Arc<Relay>,
}

impl Round {
    pub(super) async fn run(&self, place: &Place, state: &mut State) -> Result<(), Trouble> {
        let unmarked = |state: &State| state.unmarked.map_or(0, |(first, last)| last - first + 1);
        // A bus that was never reached has none: it is in another one, and says so to who appends.
        let generation = state.generation.clone().unwrap_or_default();
        while self.relay_some(place, state, &generation).await? {
            if unmarked(state) >= UNMARKED {
                self.mark(place, state, &generation).await?;
            }
        }
        if state.unmarked.is_some() && state.tidied_at.elapsed() >= TIDY_EVERY {
            self.mark(place, state, &generation).await?;
        }
        if self.relay.bus.is_durable() {
            state.keeps = false;
        } else if state.keeps && Instant::now() >= state.check_at {
            self.check(place, state, &generation).await?;
        }
        Ok(())
    }

    /// Relays the next events; whether there may be more.
    async fn relay_some(&self, place: &Place, state: &mut State, generation: &Generation) -> Result<bool, Trouble> {
        let rows = self.relay.store.unrelayed(place, generation, state.cursor, BATCH).await?;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(false) };
        let range = (first.seq, last.seq);
        let full = i64::try_from(rows.len()).unwrap_or(BATCH) == BATCH;
        let events: Vec<_> = rows.into_iter().map(|row| row.event).collect();
        fail_point!("relay-before-append");
        self.relay.bus.append(generation, &events).await?;
        fail_point!("relay-after-append");
        meters::relayed(events.len());
        state.cursor = range.1;
        state.unmarked = Some((state.unmarked.map_or(range.0, |(first, _)| first), range.1));
        Ok(full)
    }

    /// Notes what was relayed: a durable bus, once it is synced, needs the outbox no more.
    async fn mark(&self, place: &Place, state: &mut State, generation: &Generation) -> Result<(), Trouble> {
        let Some(range) = state.unmarked else { return Ok(()) };
        fail_point!("relay-before-mark");
        if self.relay.bus.is_durable() {
            self.relay.bus.sync().await?;
            self.relay.store.forget(place, &[range]).await?;
        } else {
            self.relay.store.mark_relayed(place, range, generation).await?;
            state.keeps = true;
        }
        fail_point!("relay-after-mark");
        state.unmarked = None;
        state.tidied_at = Instant::now();
        Ok(())
    }

    /// Forgets the kept events that lie in no queue any more.
    async fn check(&self, place: &Place, state: &mut State, generation: &Generation) -> Result<(), Trouble> {
        let kept = self.relay.store.kept(place, generation, state.checked, CHECKED).await?;
        let ids: Vec<_> = kept.iter().map(|row| row.id).collect();
        let unsettled = self.relay.bus.unsettled(generation, &ids).await?;
        let expired_ms = now_ms() - ms(self.relay.retention);
        let ranges = settled_ranges(&kept, &unsettled, expired_ms);
        if !ranges.is_empty() {
            self.relay.store.forget(place, &ranges).await?;
        }
        let whole = i64::try_from(kept.len()).unwrap_or(CHECKED) < CHECKED;
        if whole && state.checked == 0 && unsettled.is_empty() && state.unmarked.is_none() {
            state.keeps = false;
        }
        state.checked = if whole { 0 } else { kept.last().map_or(0, |row| row.seq) };
        // Where much was settled, there is more: an outbox must not grow because it is tidied too slowly.
        let more = !whole && !ranges.is_empty();
        state.check_at = Instant::now() + if more { Duration::ZERO } else { CHECK_EVERY };
        Ok(())
    }
}
