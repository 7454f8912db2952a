//! Who serves: the one place that a call looks it up, and a swap changes.
//!
//! A [`Slot`] belongs to a service, a [`Port`] to an interface. A shim holds a port, since when it is made nobody may
//! know yet which service will provide the interface. Lookups take no lock.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use arc_swap::{ArcSwap, ArcSwapOption};

use super::release::Release;
use crate::ServiceName;
use crate::sync::lock;

/// What serves for one service.
#[derive(Default)]
pub(super) struct Slot(ArcSwapOption<Release>);

/// Which service provides one interface.
#[derive(Default)]
pub(super) struct Port(ArcSwapOption<Slot>);

impl Port {
    /// What serves the interface just now.
    pub(super) fn serving(&self) -> Option<Arc<Release>> {
        self.0.load().as_ref()?.0.load_full()
    }
}

/// All slots and ports. Changed rarely, under a lock; read at every call, without one.
#[derive(Default)]
pub(super) struct Directory {
    slots: ArcSwap<HashMap<ServiceName, Arc<Slot>>>,
    ports: Mutex<HashMap<Arc<str>, Arc<Port>>>,
}

impl Directory {
    pub(super) fn serving(&self, service: &str) -> Option<Arc<Release>> {
        self.slots.load().get(service)?.0.load_full()
    }

    /// All that serve, by name.
    pub(super) fn all(&self) -> Vec<Arc<Release>> {
        let mut all: Vec<_> = self.slots.load().values().filter_map(|slot| slot.0.load_full()).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// The port of an interface, by the key under which compatible versions meet.
    pub(super) fn port(&self, key: &Arc<str>) -> Arc<Port> {
        Arc::clone(lock(&self.ports).entry(Arc::clone(key)).or_default())
    }

    /// Lets a release serve, and answers the one that it replaces.
    pub(super) fn serve(&self, release: Arc<Release>) -> Option<Arc<Release>> {
        let slots = self.slots.load();
        let slot = slots.get(&release.name).cloned().unwrap_or_default();
        let ports: Vec<_> = release.interfaces.keys().map(|key| self.port(key)).collect();
        let name = release.name.clone();
        let old = slot.0.swap(Some(release));
        for port in ports {
            port.0.store(Some(Arc::clone(&slot)));
        }
        if !slots.contains_key(&name) {
            self.slots.rcu(|all| {
                let mut all = HashMap::clone(all);
                all.insert(name.clone(), Arc::clone(&slot));
                all
            });
        }
        old
    }

    /// Lets nobody serve for a service, and answers the one that did.
    pub(super) fn remove(&self, name: &ServiceName) -> Option<Arc<Release>> {
        let slot = self.slots.load().get(name).cloned()?;
        self.slots.rcu(|all| {
            let mut all = HashMap::clone(all);
            all.remove(name);
            all
        });
        slot.0.swap(None)
    }

    /// Lets nobody serve at all.
    pub(super) fn clear(&self) {
        for slot in self.slots.swap(Arc::default()).values() {
            slot.0.store(None);
        }
        lock(&self.ports).clear();
    }
}
