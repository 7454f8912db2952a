//! The runs that are in services just now, by the request id of their calls: what the unit of work of such a call has
//! to write beside what the job does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use fondaco_engine::{CallContext, ServiceName};

use crate::ledger::Held;

/// Who calls a job.
pub(crate) const SUBJECT: &str = "schedule";

#[derive(Clone, Debug, Default)]
pub(crate) struct InFlight(Arc<Mutex<Runs>>);

type Runs = HashMap<Arc<str>, (ServiceName, Held)>;

impl InFlight {
    /// A run begins; it ends where the guard is dropped.
    pub(crate) fn begin(&self, request: &Arc<str>, service: &ServiceName, held: Held) -> Guard {
        self.lock().insert(Arc::clone(request), (service.clone(), held));
        Guard { all: self.clone(), request: Arc::clone(request) }
    }

    /// What a call holds, if it is a run. What it calls in its turn is none.
    pub(crate) fn of(&self, call: &CallContext, service: &ServiceName) -> Option<Held> {
        if call.depth != 0 || &*call.subject != SUBJECT {
            return None;
        }
        self.lock().get(&call.request_id).filter(|(runs, _)| runs == service).map(|(_, held)| held.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Runs> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct Guard {
    all: InFlight,
    request: Arc<str>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.all.lock().remove(&self.request);
    }
}
