//! Natively a thread has the host that it was given.

use std::cell::RefCell;
use std::rc::Rc;

use super::{Host, missing};
use crate::Fault;

thread_local! {
    static CURRENT: RefCell<Option<Rc<dyn Host>>> = const { RefCell::new(None) };
}

/// Runs `work` with `host` around it, on this thread.
pub fn with<R>(host: Rc<dyn Host>, work: impl FnOnce() -> R) -> R {
    let _before = Before(CURRENT.with(|current| current.replace(Some(host))));
    work()
}

/// Puts back what was there before, after a panic too.
struct Before(Option<Rc<dyn Host>>);

impl Drop for Before {
    fn drop(&mut self) {
        let before = self.0.take();
        CURRENT.with(|current| *current.borrow_mut() = before);
    }
}

pub(crate) fn current<R>(work: impl FnOnce(&dyn Host) -> Result<R, Fault>) -> Result<R, Fault> {
    // Cloned, so that the host may be asked again from inside.
    let host = CURRENT.with(|current| current.borrow().clone());
    host.map_or_else(|| Err(missing("anything")), |host| work(&*host))
}
