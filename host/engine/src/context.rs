//! What travels with a call: who asks, for which tenant, until when.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::{Fuel, TenantId};

/// What a caller may do. A set of the four roles.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Roles(u8);

impl Roles {
    /// Nothing at all.
    pub const NONE: Roles = Roles(0);
    /// Looks.
    pub const READER: Roles = Roles(1);
    /// Calls services.
    pub const CALLER: Roles = Roles(2);
    /// Pushes and releases a tenant's plugins.
    pub const PUBLISHER: Roles = Roles(4);
    /// Runs the platform.
    pub const OPERATOR: Roles = Roles(8);

    const NAMED: [(Roles, &'static str); 4] = [
        (Self::READER, "reader"),
        (Self::CALLER, "caller"),
        (Self::PUBLISHER, "publisher"),
        (Self::OPERATOR, "operator"),
    ];

    /// Both together.
    pub const fn union(self, other: Roles) -> Roles {
        Roles(self.0 | other.0)
    }

    /// Whether all of `other` are in here.
    pub const fn contains(self, other: Roles) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Their names: `reader`, `caller`, `publisher`, `operator`.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMED.into_iter().filter(move |(role, _)| self.contains(*role)).map(|(_, name)| name)
    }

    /// The role of that name.
    pub fn from_name(name: &str) -> Option<Roles> {
        Self::NAMED.into_iter().find(|(_, known)| *known == name).map(|(role, _)| role)
    }
}

impl FromIterator<Roles> for Roles {
    fn from_iter<I: IntoIterator<Item = Roles>>(roles: I) -> Self {
        roles.into_iter().fold(Roles::NONE, Roles::union)
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

/// How one part of a request went: a plugin, a call of another service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What ran, for instance `volume-tiers@1.2.0`.
    pub what: Arc<str>,
    /// The fault's reason when it failed.
    pub fault: Option<Cow<'static, str>>,
    /// What it cost.
    pub fuel: Fuel,
}

/// Collects outcomes for the request's one log line. Shared by all that the request sets going.
#[derive(Clone, Default)]
pub struct Outcomes(Option<Arc<Mutex<Vec<Outcome>>>>);

impl Outcomes {
    /// One that keeps what it is told.
    pub fn collecting() -> Self {
        Self(Some(Arc::default()))
    }

    /// One that forgets at once.
    pub const fn none() -> Self {
        Self(None)
    }

    /// Notes how something went.
    pub fn note(&self, what: &Arc<str>, fault: Option<Cow<'static, str>>, fuel: Fuel) {
        // The lock is the request's own: only calls of the same request meet here, and those run one after another.
        if let Some(sink) = &self.0 {
            let outcome = Outcome { what: Arc::clone(what), fault, fuel };
            sink.lock().unwrap_or_else(PoisonError::into_inner).push(outcome);
        }
    }

    /// Takes what was noted so far.
    pub fn take(&self) -> Vec<Outcome> {
        match &self.0 {
            Some(sink) => std::mem::take(&mut *sink.lock().unwrap_or_else(PoisonError::into_inner)),
            None => Vec::new(),
        }
    }
}

impl fmt::Debug for Outcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Outcomes(collecting)" } else { "Outcomes(none)" })
    }
}

/// Who asks, for which tenant, until when. Travels from the edge down to the last call.
#[derive(Debug, Clone)]
pub struct CallContext {
    /// Whose data and plugins the call is about.
    pub tenant: TenantId,
    /// Who it is: an API key's name, or a service's.
    pub subject: Arc<str>,
    /// What it may.
    pub roles: Roles,
    /// The id of the request that all this began with.
    pub request_id: Arc<str>,
    /// When nobody waits for the answer any more.
    pub deadline: Instant,
    /// How many calls are above this one; 0 at the edge.
    pub depth: u8,
    /// Where outcomes are noted.
    pub outcomes: Outcomes,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_a_set() {
        let roles: Roles = [Roles::CALLER, Roles::READER].into_iter().collect();
        assert!(roles.contains(Roles::CALLER));
        assert!(!roles.contains(Roles::OPERATOR));
        assert_eq!(roles.names().collect::<Vec<_>>(), ["reader", "caller"]);
        assert_eq!(Roles::from_name("operator"), Some(Roles::OPERATOR));
        assert_eq!(Roles::from_name("root"), None);
    }

    #[test]
    fn outcomes_are_shared_and_taken_once() {
        let outcomes = Outcomes::collecting();
        let what: Arc<str> = Arc::from("a@1.0.0");
        outcomes.clone().note(&what, None, Fuel(3));
        assert_eq!(outcomes.take(), [Outcome { what, fault: None, fuel: Fuel(3) }]);
        assert!(outcomes.take().is_empty());
    }
}
