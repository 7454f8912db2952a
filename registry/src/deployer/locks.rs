//! One change at a time for each tenant, without one tenant waiting for another.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::owner::Owner;

#[derive(Default)]
pub(super) struct Turns {
    held: Mutex<HashMap<Owner, Arc<AsyncMutex<()>>>>,
}

impl Turns {
    /// Waits, first come first served, until it is this owner's turn; until the guard is dropped.
    pub(super) async fn of(&self, owner: &Owner) -> OwnedMutexGuard<()> {
        let lock = {
            let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            // Those that nobody holds or waits for go, so that there are as many as changes under way.
            held.retain(|_owner, lock| Arc::strong_count(lock) > 1);
            Arc::clone(held.entry(owner.clone()).or_default())
        };
        lock.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(name: &str) -> Owner {
        name.parse().expect("an owner")
    }

    #[tokio::test]
    async fn an_owner_waits_for_itself_only() {
        let turns = Turns::default();
        let acme = owner("acme");
        let first = turns.of(&acme).await;
        let _other = turns.of(&owner("globex")).await;
        let mut second = Box::pin(turns.of(&acme));
        assert!(futures::poll!(&mut second).is_pending());
        drop(first);
        assert!(futures::poll!(&mut second).is_ready());
    }

    #[tokio::test]
    async fn what_nobody_holds_is_forgotten() {
        let turns = Turns::default();
        for number in 0..100 {
            drop(turns.of(&owner(&format!("t{number}"))).await);
        }
        let held = turns.held.lock().expect("not poisoned").len();
        assert_eq!(held, 1);
    }
}
