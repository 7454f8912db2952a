//! A service's imports: WASI, the host's extensions, and a shim for everything that is another service's.

use std::sync::Arc;

use wasmtime::component::{InstancePre, Linker, Val};

use super::call::House;
use super::exports::Import;
use super::fault;
use super::slot::Port;
use super::state::ServiceState;
use super::{Extension, Inner};
use crate::{CallContext, Class, Code, Compiled, Fault, ServiceName};

/// Where an import leads.
pub(super) enum Origin {
    /// To WASI or an extension.
    Host,
    /// To whichever service provides the interface.
    Service,
}

/// The extension that provides what is imported, if one does.
pub(super) fn provider<'a>(import: &Import, extensions: &'a [Arc<dyn Extension>]) -> Option<&'a Arc<dyn Extension>> {
    let provides = |extension: &&Arc<dyn Extension>| {
        extension.interfaces().iter().any(|name| super::exports::key(name) == import.key)
    };
    extensions.iter().find(provides)
}

/// Where an import leads, by its name.
pub(super) fn origin(import: &Import, extensions: &[Arc<dyn Extension>]) -> Origin {
    let host = import.name.starts_with("wasi:") || provider(import, extensions).is_some();
    if host { Origin::Host } else { Origin::Service }
}

/// Links a component with the extensions that it was granted; `imports` are those that lead to services.
pub(super) fn link(
    inner: &Inner,
    name: &ServiceName,
    compiled: &Compiled,
    imports: &[Import],
    granted: &[Arc<dyn Extension>],
) -> Result<InstancePre<ServiceState>, Fault> {
    let mut linker = Linker::new(inner.house.engine.of(Class::Service));
    add_host(&mut linker, granted).map_err(|error| {
        tracing::error!(error = format!("{error:#}"), "extensions can't be linked");
        Fault::internal("the host's own interfaces can't be linked")
    })?;
    for import in imports {
        add_shims(&mut linker, name, inner, import).map_err(|error| unlinkable(name, &error))?;
    }
    linker.instantiate_pre(compiled.component()).map_err(|error| unlinkable(name, &error))
}

fn add_host(linker: &mut Linker<ServiceState>, extensions: &[Arc<dyn Extension>]) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    extensions.iter().try_for_each(|extension| extension.add_to_linker(linker))
}

fn unlinkable(name: &ServiceName, error: &wasmtime::Error) -> Fault {
    let mut message = format!("service `{name}` imports what this host does not have: {error:#}");
    message.truncate(message.floor_char_boundary(1_000));
    Fault::new(Code::FailedPrecondition, "UNKNOWN_IMPORT", message)
}

fn add_shims(
    linker: &mut Linker<ServiceState>,
    caller: &ServiceName,
    inner: &Inner,
    import: &Import,
) -> wasmtime::Result<()> {
    let port = inner.directory.port(&import.key);
    let mut instance = linker.instance(&import.name)?;
    for (function, _) in &import.functions {
        let shim = Shim {
            house: Arc::clone(&inner.house),
            port: Arc::clone(&port),
            caller: Arc::clone(caller.shared()),
            interface: Arc::clone(&import.key),
            function: Arc::clone(function),
        };
        let shim = Arc::new(shim);
        instance.func_new_async(function, move |store, _, args, results| {
            let shim = Arc::clone(&shim);
            Box::new(async move {
                let answer = match store.data().may_leave() {
                    Ok(()) => shim.call(store.data().call(), args).await,
                    Err(fault) => Err(fault),
                };
                if let Some(result) = results.first_mut() {
                    *result = answer.unwrap_or_else(fault::into_val);
                }
                Ok(())
            })
        })?;
    }
    Ok(())
}

/// Stands in for a function of another service. It knows the interface's port and nothing of who is behind it.
struct Shim {
    house: Arc<House>,
    port: Arc<Port>,
    caller: Arc<str>,
    interface: Arc<str>,
    function: Arc<str>,
}

impl Shim {
    async fn call(&self, caller: &CallContext, args: &[Val]) -> Result<Val, Fault> {
        let release = self.port.serving().ok_or_else(|| self.nobody())?;
        let export = release.interfaces.find(&self.interface).and_then(|found| found.functions.get(&self.function));
        let export = export.ok_or_else(|| self.nobody())?;
        let context =
            CallContext { subject: Arc::clone(&self.caller), depth: caller.depth.saturating_add(1), ..caller.clone() };
        let outcomes = context.outcomes.clone();
        // No timer of its own: the deadline is that of the call from outside, whose timer drops this one with it.
        let answer = self.house.enter(&release, export, context, args).await;
        if let Err(fault) = &answer {
            outcomes.note(&release.label, Some(fault.reason.clone()), crate::Fuel(0));
        }
        answer.and_then(|answer| answer.ok_or_else(|| Fault::internal("a function without a result was called as one")))
    }

    fn nobody(&self) -> Fault {
        let message = format!("no active service provides `{}.{}` just now; try again", self.interface, self.function);
        Fault::new(Code::Unavailable, "SERVICE_UNAVAILABLE", message)
    }
}
