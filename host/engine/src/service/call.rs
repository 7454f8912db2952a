//! One call of a service: find or make an instance, enter it, keep it or let it go.

use std::sync::Arc;
use std::time::Instant;

use wasmtime::component::{Func, Val};
use wasmtime::{Store, Trap, UpdateDeadline};

use super::exports::Export;
use super::fault;
use super::release::Release;
use super::state::ServiceState;
use super::warm::{Key, Live, Warm};
use super::{End, ServiceLimits};
use crate::wire::{self, Arguments, Reader};
use crate::{CallContext, Class, Code, Engine, Fault};

/// What all services of a process share.
pub(super) struct House {
    pub(super) engine: Engine,
    pub(super) limits: ServiceLimits,
    pub(super) warm: Warm,
}

impl House {
    pub(super) fn new(engine: Engine, limits: ServiceLimits) -> Self {
        let warm = Warm::new(limits.clone());
        Self { engine, limits, warm }
    }

    /// Calls a function and answers what it answered, a `result` as it is.
    pub(super) async fn enter(
        &self,
        release: &Release,
        export: &Export,
        context: CallContext,
        args: &[Val],
    ) -> Result<Option<Val>, Fault> {
        let mut visit = self.open(release, export, context).await?;
        let answer = call(&mut visit.live, export, args).await;
        visit.close(answer, |answer| end_of(answer.as_ref())).await
    }

    /// The same without `Val`: what the reader makes of the `T` in `result<T, fault>`, or the fault.
    pub(super) async fn pass(
        &self,
        release: &Release,
        export: &Export,
        context: CallContext,
        arguments: Arguments,
        reader: Arc<dyn Reader>,
    ) -> Result<Option<Vec<u8>>, Fault> {
        let mut visit = self.open(release, export, context).await?;
        let answer = match function(&mut visit.live, export) {
            Ok(function) => {
                wire::call(function, &mut visit.live.store, arguments, reader, self.limits.output_bytes).await
            }
            Err(error) => Err(error),
        };
        visit.close(answer, |answer| if answer.is_ok() { End::Ok } else { End::Err }).await?
    }

    /// An instance, waiting or fresh, ready for one call.
    async fn open<'a>(
        &'a self,
        release: &'a Release,
        export: &Export,
        context: CallContext,
    ) -> Result<Visit<'a>, Fault> {
        if context.depth >= self.limits.depth {
            return Err(too_deep(&release.label, self.limits.depth));
        }
        let key = release.badge.of(context.tenant.clone());
        let mut live = match self.warm.take(&key) {
            Some(mut live) => {
                live.store.data_mut().begin(context, export.read_only);
                live
            }
            None => self.instantiate(release, context, export.read_only).await?,
        };
        live.uses += 1;
        live.store.set_epoch_deadline(1);
        Ok(Visit { warm: &self.warm, release, key, live })
    }

    /// A fresh instance, for one tenant from now on.
    pub(super) async fn instantiate(
        &self,
        release: &Release,
        context: CallContext,
        read_only: bool,
    ) -> Result<Live, Fault> {
        let state = ServiceState::new(context, read_only, Arc::clone(&release.facts), &self.limits);
        let mut store = Store::new(self.engine.of(Class::Service), state);
        store.limiter(ServiceState::limiter);
        store.set_hostcall_fuel(self.limits.output_bytes);
        store.set_epoch_deadline(1);
        // At every tick: let others run, or stop when nobody waits any more.
        store.epoch_deadline_callback(|store| {
            if Instant::now() < store.data().call().deadline {
                Ok(UpdateDeadline::Yield(1))
            } else {
                Err(Trap::Interrupt.into())
            }
        });
        match release.pre.instantiate_async(&mut store).await {
            Ok(instance) => Ok(Live { store, instance, uses: 0, born: Instant::now() }),
            Err(error) => Err(fault::of_failure(&error, store.data(), &release.label)),
        }
    }
}

/// An instance that is being called.
struct Visit<'a> {
    warm: &'a Warm,
    release: &'a Release,
    key: Key,
    live: Live,
}

impl Visit<'_> {
    /// Lets the extensions finish, and keeps the instance, if the function returned, and only then.
    async fn close<T>(self, answer: wasmtime::Result<T>, end: impl FnOnce(&T) -> End) -> Result<T, Fault> {
        let Self { warm, release, key, mut live } = self;
        match answer {
            Ok(answer) => {
                let finished = finish(release, live.store.data_mut(), end(&answer)).await;
                warm.put(&release.badge, key, live);
                finished.map(|()| answer)
            }
            Err(error) => Err(fault::of_failure(&error, live.store.data(), &release.label)),
        }
    }
}

fn function(live: &mut Live, export: &Export) -> wasmtime::Result<Func> {
    let function = live.instance.get_func(&mut live.store, export.index);
    function.ok_or_else(|| wasmtime::format_err!("export `{}` is gone", export.name))
}

pub(super) async fn call(live: &mut Live, export: &Export, args: &[Val]) -> wasmtime::Result<Option<Val>> {
    let function = function(live, export)?;
    let mut answer = [Val::Bool(false)];
    let results = answer.get_mut(..export.results).unwrap_or_default();
    function.call_async(&mut live.store, args, results).await?;
    let [answer] = answer;
    Ok((export.results > 0).then_some(answer))
}

fn end_of(answer: Option<&Val>) -> End {
    match answer {
        Some(Val::Result(Err(_))) => End::Err,
        _ => End::Ok,
    }
}

/// Lets the extensions finish in their order. After the first fault the rest is told of a call that failed.
async fn finish(release: &Release, state: &mut ServiceState, end: End) -> Result<(), Fault> {
    let mut outcome = Ok(());
    for extension in &*release.facts.granted {
        let end = if outcome.is_ok() { end } else { End::Err };
        outcome = outcome.and(extension.finish(state, end).await);
    }
    outcome
}

fn too_deep(label: &str, depth: u8) -> Fault {
    let message = format!("`{label}` would be call {depth} on top of each other; services must not call in circles");
    Fault::new(Code::ResourceExhausted, "CALL_TOO_DEEP", message)
}
