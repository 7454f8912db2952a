//! What a release says to its own config, asked while it is staged.
//!
//! A service reads its config when it is first called, so a wrong one would be found by a buyer. A component that
//! exports `fondaco:host/configurable` is asked instead, on the instance on which it is tried anyway. Its word counts
//! for a new release only: one that serves already must come up again after a restart whatever it says.

use std::sync::Arc;

use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

use super::call::call;
use super::exports::{Export, interface, key};
use super::fault;
use super::release::Release;
use super::warm::Live;
use crate::{Code, Fault, shape};

/// The key under which all 1.x of the interface meet.
const KEY: &str = "fondaco:host/configurable@1";
const FUNCTION: &str = "check";

/// Whether an exported interface is this one, which is for the host alone: no route, nobody's import, no promise.
pub(super) fn is_hook(name: &str) -> bool {
    *key(name) == *KEY
}

/// The function to ask, where the component has one.
pub(super) fn hook(component: &Component) -> Result<Option<Arc<Export>>, Fault> {
    let ty = component.component_type();
    for (name, item) in ty.exports(component.engine()) {
        if let ComponentItem::ComponentInstance(instance) = item.ty
            && is_hook(name)
        {
            let mut found = interface(component, name, &instance, &[]).map(|found| found.functions).unwrap_or_default();
            let check = found.remove(FUNCTION).ok_or_else(|| wrong_type("nothing"))?;
            let plain = check.ty.params().len() == 0 && check.results == 1 && fault::is_fallible(&check.ty);
            return if plain { Ok(Some(check)) } else { Err(wrong_type(&shape::signature(&check.ty))) };
        }
    }
    Ok(None)
}

/// Asks; what is wrong, if something is.
pub(super) async fn objection(release: &Release, hook: &Export, live: &mut Live) -> Option<Fault> {
    live.store.set_epoch_deadline(1);
    let label = &release.label;
    let said = match call(live, hook, &[]).await {
        Ok(Some(answer)) => fault::unwrap(answer).err()?,
        Ok(None) => return None,
        Err(error) => {
            let cause = fault::of_failure(&error, live.store.data(), label);
            let message = format!("`{label}` breaks down over its config: {}; nothing was changed", cause.message);
            return Some(Fault::new(Code::FailedPrecondition, "DOES_NOT_START", message).with("cause", cause.reason));
        }
    };
    let message = format!("`{label}` cannot use this config: {}; nothing was changed", said.message);
    let objection = Fault::new(Code::InvalidArgument, "INVALID_CONFIG", message).with("cause", said.reason);
    Some(said.metadata.into_iter().fold(objection, |objection, (name, value)| objection.with(name, value)))
}

fn wrong_type(found: &str) -> Fault {
    let expected = "func() -> result<_, fault>";
    let message = format!("`configurable.{FUNCTION}` of fondaco:host is {expected}, found {found}");
    Fault::new(Code::InvalidArgument, "EXPORT_TYPE_MISMATCH", message).with("expected", expected).with("found", found)
}
