//! `fondaco:host/caller`: who called.
//!
//! The identity is that of the request's root: a service that calls another one does not become the caller, so that
//! a rule about who may do what is a rule about people and their keys.

use fondaco_engine::{CallContext, Extension, ServiceState};
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Linker, Lower};

const INTERFACE: &str = "fondaco:host/caller@1.0.0";

/// The capability.
#[derive(Debug, Clone, Copy, Default)]
pub struct Caller;

/// `caller.identity`.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lower)]
#[component(record)]
struct Identity {
    tenant: String,
    subject: String,
    roles: Vec<&'static str>,
    #[component(name = "request-id")]
    request_id: String,
}

impl Identity {
    fn of(call: &CallContext) -> Self {
        Self {
            tenant: call.tenant.to_string(),
            subject: call.subject.to_string(),
            roles: call.roles.names().collect(),
            request_id: call.request_id.to_string(),
        }
    }
}

impl Extension for Caller {
    fn add_to_linker(&self, linker: &mut Linker<ServiceState>) -> wasmtime::Result<()> {
        let mut interface = linker.instance(INTERFACE)?;
        interface.func_wrap("current", |store: StoreContextMut<'_, ServiceState>, (): ()| {
            Ok((Identity::of(store.data().call()),))
        })
    }

    fn interfaces(&self) -> &[&str] {
        &[INTERFACE]
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use fondaco_engine::{Outcomes, Roles};

    use super::*;

    #[test]
    fn the_identity_is_the_running_calls() {
        let call = CallContext {
            tenant: "acme".parse().unwrap(),
            subject: "key-1".into(),
            roles: Roles::READER.union(Roles::CALLER),
            request_id: "r-1".into(),
            deadline: Instant::now(),
            depth: 0,
            outcomes: Outcomes::none(),
        };
        let expected = Identity {
            tenant: "acme".into(),
            subject: "key-1".into(),
            roles: vec!["reader", "caller"],
            request_id: "r-1".into(),
        };
        assert_eq!(Identity::of(&call), expected);
    }
}
