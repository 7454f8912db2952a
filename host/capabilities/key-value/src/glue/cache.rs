//! `fondaco:host/cache`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fondaco_engine::{Fault, ServiceState, WitFault};
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Linker, Lower};

use super::Call;
use crate::cache::{Cache, LONGEST, Loaded};
use crate::faults;
use crate::names::{self, Key, Scope};

const INTERFACE: &str = "fondaco:host/cache@1.0.0";
/// Leases that one call holds at a time.
const LEASES: usize = 64;
/// The longest that a load waits for another's.
const WAIT: Duration = Duration::from_secs(10);

#[derive(Debug, ComponentType, Lower)]
#[component(variant)]
enum Found {
    #[component(name = "hit")]
    Hit(Vec<u8>),
    #[component(name = "lease")]
    Lease(u64),
    #[component(name = "busy")]
    Busy,
}

type Answer<T> = wasmtime::Result<(Result<T, WitFault>,)>;
type Store<'a> = StoreContextMut<'a, ServiceState>;

/// The leases of the running call. What is left of them is given back with it.
#[derive(Default)]
struct Leases(Vec<Lease>);

struct Lease {
    cache: Arc<dyn Cache>,
    scope: Scope,
    key: Key,
    lease: u64,
    open: bool,
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.open {
            self.cache.release(&self.scope, &self.key, self.lease);
        }
    }
}

pub(super) fn add_to_linker(linker: &mut Linker<ServiceState>) -> wasmtime::Result<()> {
    let mut cache = linker.instance(INTERFACE)?;
    cache.func_wrap_async("get", |store: Store<'_>, (key,): (String,)| {
        let call = Call::of(store.data());
        Box::new(async move { answer(call?.read(&[key]).await.map(|mut values| values.pop().flatten())) })
    })?;
    cache.func_wrap_async("get-many", |store: Store<'_>, (keys,): (Vec<String>,)| {
        let call = Call::of(store.data());
        Box::new(async move { answer(call?.read(&keys).await) })
    })?;
    cache.func_wrap_async("set", |store: Store<'_>, (key, value, ttl): (String, Vec<u8>, u64)| {
        let call = Call::of(store.data());
        Box::new(async move { answer(call?.keep(&key, value, ttl).await) })
    })?;
    cache.func_wrap_async("delete", |store: Store<'_>, (key,): (String,)| {
        let call = Call::of(store.data());
        Box::new(async move { answer(call?.forget(&key).await) })
    })?;
    cache.func_wrap_async("load", |mut store: Store<'_>, (key, wait): (String, u32)| {
        Box::new(async move {
            let call = Call::of(store.data())?;
            answer(load(store.data_mut(), &call, &key, wait).await)
        })
    })?;
    cache.func_wrap_async("fill", |mut store: Store<'_>, (key, lease, value, ttl): (String, u64, Vec<u8>, u64)| {
        Box::new(async move { answer(fill(store.data_mut(), &key, lease, value, ttl).await) })
    })
}

#[expect(clippy::unnecessary_wraps, reason = "a host function's form")]
fn answer<T>(result: Result<T, Fault>) -> Answer<T> {
    Ok((result.map_err(WitFault::from),))
}

fn lifetime(ttl_ms: u64) -> Result<Duration, Fault> {
    let ttl = Duration::from_millis(ttl_ms);
    if ttl.is_zero() || ttl > LONGEST { Err(faults::invalid_ttl()) } else { Ok(ttl) }
}

impl Call {
    fn cache(&self) -> &Arc<dyn Cache> {
        self.key_value().cache()
    }

    async fn read(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, Fault> {
        let keys = Key::all(keys)?;
        let values = self.cache().get_many(&self.scope, &keys).await;
        let hits = values.iter().flatten().count();
        self.count_reads("hit", hits);
        self.count_reads("miss", values.len() - hits);
        Ok(values.into_iter().map(|value| value.map(Vec::from)).collect())
    }

    async fn keep(&self, key: &str, value: Vec<u8>, ttl: u64) -> Result<(), Fault> {
        let (key, value, ttl) = (key.parse()?, names::value(value)?, lifetime(ttl)?);
        self.cache().set(&self.scope, &key, value, ttl).await
    }

    async fn forget(&self, key: &str) -> Result<(), Fault> {
        self.cache().delete(&self.scope, &key.parse()?).await
    }

    fn count_reads(&self, outcome: &'static str, count: usize) {
        let service = self.scope.service.to_string();
        let counter = metrics::counter!("fondaco_cache_reads_total", "service" => service, "outcome" => outcome);
        counter.increment(u64::try_from(count).unwrap_or_default());
    }
}

async fn load(state: &mut ServiceState, call: &Call, key: &str, wait_ms: u32) -> Result<Found, Fault> {
    let key = key.parse::<Key>()?;
    let held = |state: &ServiceState, is: &dyn Fn(&Lease) -> bool| {
        state.part::<Leases>().map_or(0, |leases| leases.0.iter().filter(|lease| is(lease)).count())
    };
    if held(state, &|_| true) >= LEASES {
        return Err(faults::too_many_leases());
    }
    let left = state.call().deadline.saturating_duration_since(Instant::now());
    // Whoever waits for itself waits for nothing.
    let own = held(state, &|lease| lease.key == key) > 0;
    let wait = if own { Duration::ZERO } else { Duration::from_millis(wait_ms.into()).min(WAIT).min(left) };
    let (found, outcome) = match call.cache().load(&call.scope, &key, wait).await {
        Loaded::Hit(value) => (Found::Hit(value.into()), "hit"),
        Loaded::Busy => (Found::Busy, "busy"),
        Loaded::Lease(lease) => {
            let cache = Arc::clone(call.cache());
            hold(state, Lease { cache, scope: call.scope.clone(), key, lease, open: true });
            (Found::Lease(lease), "lease")
        }
    };
    let service = call.scope.service.to_string();
    metrics::counter!("fondaco_cache_loads_total", "service" => service, "outcome" => outcome).increment(1);
    Ok(found)
}

fn hold(state: &mut ServiceState, lease: Lease) {
    match state.part_mut::<Leases>() {
        Some(leases) => leases.0.push(lease),
        None => state.set_part(Leases(vec![lease])),
    }
}

async fn fill(state: &mut ServiceState, key: &str, lease: u64, value: Vec<u8>, ttl: u64) -> Result<bool, Fault> {
    let (key, value, ttl) = (key.parse::<Key>()?, names::value(value)?, lifetime(ttl)?);
    // A call that is dropped while it fills gives the lease back all the same.
    let Some(mut held) = take(state, &key, lease) else { return Ok(false) };
    let kept = held.cache.fill(&held.scope, &held.key, lease, value, ttl).await;
    held.open = false;
    Ok(kept)
}

/// Takes a lease out of those of the call.
fn take(state: &mut ServiceState, key: &Key, lease: u64) -> Option<Lease> {
    let leases = state.part_mut::<Leases>()?;
    let at = leases.0.iter().position(|held| held.lease == lease && held.key == *key)?;
    Some(leases.0.swap_remove(at))
}
