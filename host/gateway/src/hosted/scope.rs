//! What is learnt of a request on its way through the router, for its log line.

use std::sync::OnceLock;
use std::time::Instant;

use crate::auth::Caller;

/// Travels in the request's extensions.
pub(crate) struct Scope {
    started: Instant,
    caller: OnceLock<Caller>,
    template: OnceLock<Box<str>>,
}

impl Scope {
    pub(crate) fn new(started: Instant) -> Self {
        Self { started, caller: OnceLock::new(), template: OnceLock::new() }
    }

    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    pub(crate) fn caller(&self) -> Option<&Caller> {
        self.caller.get()
    }

    pub(crate) fn note_caller(&self, caller: Caller) {
        let _first_stays = self.caller.set(caller);
    }

    pub(crate) fn note_template(&self, template: &str) {
        let _first_stays = self.template.set(template.into());
    }

    pub(crate) fn template(&self) -> &str {
        self.template.get().map_or("unmatched", |template| template)
    }
}
