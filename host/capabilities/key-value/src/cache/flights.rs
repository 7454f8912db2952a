//! Who is making which value in this process: one at a time a key, the others wait and are handed what was made.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use tokio::sync::watch;

use super::LEASE;

/// What followers wait for: none until the value is there. Closed when whoever made it gave up.
pub(super) type Made = watch::Receiver<Option<Bytes>>;

/// One's part in a flight.
pub(super) enum Part {
    /// The value is one's own to make.
    Leader(u64),
    /// Someone else makes it.
    Follower(Made),
}

struct Flight {
    lease: u64,
    ends: Instant,
    made: watch::Sender<Option<Bytes>>,
}

/// The flights of a process, by [`entry`](super::entry).
pub(super) struct Flights {
    /// Held for a look-up and no longer; as many as there are leases, and a call holds a few at most.
    open: Mutex<HashMap<String, Flight>>,
    last: AtomicU64,
}

impl Flights {
    pub(super) fn new() -> Self {
        Self { open: Mutex::default(), last: AtomicU64::new(0) }
    }

    /// Joins the flight of a key, or begins one.
    pub(super) fn join(&self, entry: &str) -> Part {
        let mut open = self.lock();
        let now = Instant::now();
        if let Some(flight) = open.get(entry).filter(|flight| now < flight.ends) {
            return Part::Follower(flight.made.subscribe());
        }
        let lease = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        // One that has outlived its lease is replaced, which sends its followers on to this one.
        open.insert(entry.to_owned(), Flight { lease, ends: now + LEASE, made: watch::Sender::new(None) });
        Part::Leader(lease)
    }

    /// Ends a flight with the value; false when the lease no longer holds. `keep` runs before anyone can begin the next
    /// flight or take the lease back: it must not wait.
    pub(super) fn land(&self, entry: &str, lease: u64, value: &Bytes, keep: impl FnOnce()) -> bool {
        let mut open = self.lock();
        let leads = open.get(entry).is_some_and(|flight| flight.lease == lease && Instant::now() < flight.ends);
        let landed = if leads { open.remove(entry) } else { None };
        if landed.is_some() {
            keep();
        }
        drop(open);
        landed.is_some_and(|flight| {
            flight.made.send_replace(Some(value.clone()));
            true
        })
    }

    /// Ends a flight without a value, if the lease still is the one that leads it: one of the followers leads next.
    pub(super) fn give_up(&self, entry: &str, lease: u64) {
        let mut open = self.lock();
        if open.get(entry).is_some_and(|flight| flight.lease == lease) {
            open.remove(entry);
        }
    }

    /// Takes the lease back from whoever has it: what is being made is old already. `change` runs before anyone can land
    /// or begin the next flight: it must not wait.
    pub(super) fn revoke(&self, entry: &str, change: impl FnOnce()) {
        let mut open = self.lock();
        change();
        open.remove(entry);
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Flight>> {
        // What is in it is whole after every statement.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a follower learned.
pub(super) enum Learned {
    /// The value.
    Value(Bytes),
    /// The leader gave up.
    Nothing,
    /// Nothing before the deadline.
    Late,
}

/// Waits for the leader.
pub(super) async fn follow(mut made: Made, until: Instant) -> Learned {
    let value = tokio::time::timeout_at(until.into(), made.wait_for(Option::is_some)).await;
    match value {
        Ok(Ok(value)) => value.clone().map_or(Learned::Nothing, Learned::Value),
        Ok(Err(_)) => Learned::Nothing,
        Err(_) => Learned::Late,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lead(flights: &Flights) -> u64 {
        match flights.join("k") {
            Part::Leader(lease) => lease,
            Part::Follower(_) => panic!("someone else leads"),
        }
    }

    fn behind(flights: &Flights) -> Made {
        match flights.join("k") {
            Part::Follower(made) => made,
            Part::Leader(_) => panic!("nobody leads"),
        }
    }

    #[tokio::test]
    async fn followers_are_handed_the_value() {
        let flights = Flights::new();
        let lease = lead(&flights);
        let made = behind(&flights);
        assert!(flights.land("k", lease, &Bytes::from_static(b"v"), || ()));
        let Learned::Value(value) = follow(made, Instant::now() + LEASE).await else { panic!("no value") };
        assert_eq!(value, "v");
        assert_eq!(flights.len(), 0);
    }

    #[tokio::test]
    async fn a_leader_that_gives_up_sends_its_followers_on() {
        let flights = Flights::new();
        let lease = lead(&flights);
        let made = behind(&flights);
        flights.give_up("k", lease + 1);
        assert_eq!(flights.len(), 1, "only its own lease ends a flight");
        flights.give_up("k", lease);
        assert!(matches!(follow(made, Instant::now() + LEASE).await, Learned::Nothing));
        assert_ne!(lead(&flights), lease);
    }

    #[test]
    fn a_lease_that_was_taken_back_lands_nothing() {
        let flights = Flights::new();
        let lease = lead(&flights);
        flights.revoke("k", || ());
        assert!(!flights.land("k", lease, &Bytes::new(), || panic!("kept")));
        let next = lead(&flights);
        assert!(!flights.land("k", lease, &Bytes::new(), || panic!("kept")), "nor does it land another's flight");
        assert!(flights.land("k", next, &Bytes::new(), || ()));
    }
}
