//! What a plugin may import, and the linker that has exactly what it does import.
//!
//! Deterministic WASI 0.2, since toolchains link to it whether a rule needs it or not. Sockets, HTTP and everything
//! else is refused by name at the door, not by an error at the call.

use wasmtime::Engine;
use wasmtime::component::types::{ComponentInstance, ComponentItem};
use wasmtime::component::{Component, InstancePre, Linker};

use super::PluginState;
use super::wasi;
use crate::{Code, Fault};

/// Resolves a component's imports.
pub(super) fn link(engine: &Engine, component: &Component) -> Result<InstancePre<PluginState>, Fault> {
    let mut linker = Linker::new(engine);
    let mut forbidden = Vec::new();
    for (name, item) in component.component_type().imports(engine) {
        match item.ty {
            ComponentItem::ComponentInstance(instance) if only_types(&instance, engine) => {}
            ComponentItem::ComponentInstance(instance) => match provider(name) {
                Some(add) => add(&mut linker, name, &instance).map_err(|error| unlinkable(&error))?,
                None => forbidden.push(name.to_owned()),
            },
            ComponentItem::Type(_) => {}
            _ => forbidden.push(name.to_owned()),
        }
    }
    if !forbidden.is_empty() {
        return Err(refuse(&forbidden));
    }
    linker.instantiate_pre(component).map_err(|error| unlinkable(&error))
}

/// An interface that only names types needs nothing from the host.
fn only_types(instance: &ComponentInstance, engine: &Engine) -> bool {
    instance.exports(engine).all(|(_, item)| matches!(item.ty, ComponentItem::Type(_)))
}

/// Who provides an interface of WASI 0.2, whatever its patch version.
fn provider(name: &str) -> Option<wasi::Add> {
    let (interface, version) = name.split_once('@')?;
    version.starts_with("0.2.").then(|| wasi::provider(interface)).flatten()
}

fn refuse(forbidden: &[String]) -> Fault {
    let mut list = forbidden.join(", ");
    list.truncate(list.floor_char_boundary(600));
    let message = format!(
        "a plugin is a pure function and may not import {list}; build it without what needs this (for \
         wasm32-unknown-unknown, or with the toolchain's option that stubs WASI)"
    );
    let fault = Fault::new(Code::InvalidArgument, "FORBIDDEN_IMPORT", message);
    forbidden.iter().take(16).fold(fault, |fault, name| fault.with("import", name))
}

fn unlinkable(error: &wasmtime::Error) -> Fault {
    let mut message = format!("the plugin imports what this host does not have: {error:#}");
    message.truncate(message.floor_char_boundary(1_000));
    Fault::new(Code::InvalidArgument, "UNKNOWN_IMPORT", message)
}
