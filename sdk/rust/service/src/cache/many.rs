//! Many values at a time: one call of the host to look, and one load for all that are missing.
//!
//! ```
//! use fondaco_service::{cache::many, testing::House};
//!
//! let house = House::with_schema("");
//! let keys = ["a", "b"].map(str::to_owned);
//! let shout = |missing: &[usize]| Ok(missing.iter().map(|at| keys[*at].to_uppercase().into_bytes()).collect());
//! let read = || house.call(|| many::read_through(&keys, 60_000, shout)).unwrap();
//! assert_eq!(read(), [b"A", b"B"]);
//! ```

use super::WAIT_MS;
use crate::bindings::fondaco::host::cache::Loaded;
use crate::{Fault, fault, host};

/// Keys that the host looks up at a time.
const BATCH: usize = 100;
/// Leases that a call may hold at a time.
const LEASES: usize = 64;

/// The values under `keys`, in their order.
pub fn get(keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, Fault> {
    let mut values = Vec::with_capacity(keys.len());
    for batch in keys.chunks(BATCH) {
        values.append(&mut host::current(|host| host.cache_get_many(batch))?);
    }
    Ok(values)
}

/// The values under `keys`, no key twice, or what `load` answers for those that are not there: it gets their places in
/// `keys`, and answers as many values in their order. They are kept for `ttl_ms`.
pub fn read_through(
    keys: &[String],
    ttl_ms: u64,
    load: impl FnMut(&[usize]) -> Result<Vec<Vec<u8>>, Fault>,
) -> Result<Vec<Vec<u8>>, Fault> {
    complete(keys, get(keys)?, ttl_ms, load)
}

/// The same for who has looked already: fills in what `values` of [`get`] lack.
///
/// With single flight: what others are loading just now is waited for, and loaded only if they fail or take long. So
/// `load` is called once, and a second time where that happens.
pub fn complete(
    keys: &[String],
    values: Vec<Option<Vec<u8>>>,
    ttl_ms: u64,
    mut load: impl FnMut(&[usize]) -> Result<Vec<Vec<u8>>, Fault>,
) -> Result<Vec<Vec<u8>>, Fault> {
    let mut round = Round { keys, values, ttl_ms, leases: Vec::new(), own: Vec::new(), others: Vec::new() };
    let missing: Vec<usize> = round.missing();
    // Nobody waits who holds a lease: two calls that wait for each other would wait for nothing.
    for at in missing {
        round.claim(at, 0)?;
    }
    round.load(&mut load)?;
    let mut patience = WAIT_MS;
    for at in std::mem::take(&mut round.others) {
        if !round.claim(at, patience)? {
            patience = 0;
        }
    }
    let late = std::mem::take(&mut round.others);
    round.own.extend(late);
    round.load(&mut load)?;
    let whole: Option<Vec<Vec<u8>>> = round.values.into_iter().collect();
    whole.ok_or_else(|| too_few(keys.len()))
}

struct Round<'a> {
    keys: &'a [String],
    values: Vec<Option<Vec<u8>>>,
    ttl_ms: u64,
    /// What to keep under which lease.
    leases: Vec<(usize, u64)>,
    /// What this call has to load.
    own: Vec<usize>,
    /// What others are loading.
    others: Vec<usize>,
}

impl Round<'_> {
    fn missing(&self) -> Vec<usize> {
        (0..self.keys.len()).filter(|at| self.values.get(*at).is_none_or(Option::is_none)).collect()
    }

    /// Finds out who loads a value; answers whether it is there.
    fn claim(&mut self, at: usize, wait_ms: u32) -> Result<bool, Fault> {
        if self.leases.len() == LEASES {
            // Loaded without being kept: the next reader's turn.
            self.own.push(at);
            return Ok(false);
        }
        let Some(key) = self.keys.get(at) else { return Ok(false) };
        match host::current(|host| host.cache_load(key, wait_ms))? {
            Loaded::Hit(value) => {
                self.enter(at, value);
                return Ok(true);
            }
            Loaded::Lease(lease) => {
                self.leases.push((at, lease));
                self.own.push(at);
            }
            Loaded::Busy => self.others.push(at),
        }
        Ok(false)
    }

    fn load(&mut self, load: &mut impl FnMut(&[usize]) -> Result<Vec<Vec<u8>>, Fault>) -> Result<(), Fault> {
        let own = std::mem::take(&mut self.own);
        if own.is_empty() {
            return Ok(());
        }
        let loaded = load(&own)?;
        if loaded.len() != own.len() {
            return Err(too_few(own.len()));
        }
        for (at, value) in own.into_iter().zip(loaded) {
            self.enter(at, value);
        }
        for (at, lease) in std::mem::take(&mut self.leases) {
            self.keep(at, lease)?;
        }
        Ok(())
    }

    fn enter(&mut self, at: usize, value: Vec<u8>) {
        if let Some(place) = self.values.get_mut(at) {
            *place = Some(value);
        }
    }

    /// What is too large to be kept is loaded again by the next reader.
    fn keep(&self, at: usize, lease: u64) -> Result<(), Fault> {
        let (Some(key), Some(Some(value))) = (self.keys.get(at), self.values.get(at)) else { return Ok(()) };
        match host::current(|host| host.cache_fill(key, lease, value, self.ttl_ms)) {
            Err(problem) if problem.reason != "VALUE_TOO_LARGE" => Err(problem),
            _ => Ok(()),
        }
    }
}

fn too_few(wanted: usize) -> Fault {
    fault::internal("WRONG_LOAD", format!("{wanted} values were to be loaded, and another number came."))
}
