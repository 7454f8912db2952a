//! `wasi:filesystem`: there are no files.
//!
//! Standard libraries ask once which folders were opened for them and hear: none. So nobody ever holds a descriptor,
//! and the functions that take one can't be reached; they are linked to an error, by the component's own types.

use wasmtime::bail;
use wasmtime::component::types::{ComponentInstance, ComponentItem};
use wasmtime::component::{Linker, ResourceType, Val};

use super::super::PluginState;

/// Stands for a resource that is never made.
struct Never;

pub(super) fn types(
    linker: &mut Linker<PluginState>,
    name: &str,
    interface: &ComponentInstance,
) -> wasmtime::Result<()> {
    let engine = linker.engine().clone();
    let mut instance = linker.instance(name)?;
    for (item, found) in interface.exports(&engine) {
        match found.ty {
            ComponentItem::ComponentFunc(_) => {
                instance.func_new(item, |_, _, _, _| bail!("a plugin has no files"))?;
            }
            // Streams and errors come from `wasi:io`; what is new here is never made.
            ComponentItem::Resource(_) if matches!(item, "descriptor" | "directory-entry-stream") => {
                instance.resource(item, ResourceType::host::<Never>(), |_, _| Ok(()))?;
            }
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn preopens(
    linker: &mut Linker<PluginState>,
    name: &str,
    _interface: &ComponentInstance,
) -> wasmtime::Result<()> {
    linker.instance(name)?.func_new("get-directories", |mut store, _, _, results| {
        store.data_mut().pay()?;
        if let Some(result) = results.first_mut() {
            *result = Val::List(Vec::new());
        }
        Ok(())
    })
}
