//! One call of a service becomes one call of each active plugin, in their order.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fondaco_engine::{Code, Fault};
use wasmtime::component::{ComponentType, Lower};

use crate::evaluation::Evaluation;
use crate::fault::{from_plugin, to_wit};
use crate::function::Function;
use crate::invalid::Invalid;
use crate::log_book::Noted;
use crate::meters::Ending;
use crate::plugin::ActivePlugin;
use crate::policy::{Attempt, blocked, settle};
use crate::wit;

/// Which plugin gave a verdict, and at what cost: `evaluations.source`.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lower)]
#[component(record)]
pub struct Source {
    /// The plugin's name in its tenant.
    pub plugin: Arc<str>,
    /// Its version.
    pub version: Arc<str>,
    /// sha256 of its bytes, hexadecimal.
    pub digest: Arc<str>,
    /// Fuel that it used.
    pub fuel: u64,
    /// True when it stands in for a release that failed.
    pub fallback: bool,
}

/// One plugin's answer: the `verdict` of each plural interface.
#[derive(Debug, Clone, PartialEq, ComponentType, Lower)]
#[component(record)]
pub struct Verdict<A> {
    /// Who answered.
    pub source: Source,
    /// What it answered, or why it did not.
    pub outcome: Result<A, wit::Fault>,
}

/// Runs all active plugins at `F`'s point over the held cart. The error is that of a plugin that blocks, or of a
/// deadline that passed.
pub(crate) fn fan_out<F: Function>(
    evaluation: &mut Evaluation,
    args: &F::Args,
) -> Result<Vec<Verdict<F::Answer>>, Fault> {
    let set = Arc::clone(evaluation.set());
    let plugins = set.at(F::POINT);
    let mut verdicts = Vec::with_capacity(plugins.len());
    for plugin in plugins {
        let time = evaluation.call().deadline.saturating_duration_since(Instant::now());
        if time.is_zero() {
            return Err(too_late(plugin));
        }
        let settled = settle(plugin.on_failure, plugin, plugin.fallback.as_ref(), |plugin| {
            attempt::<F>(evaluation, plugin, args, time)
        });
        let settled = settled.map_err(|cause| blocked(&plugin.name, &plugin.version, F::POINT, &cause))?;
        if let Ok(answer) = &settled.attempt.outcome {
            F::absorb(answer, evaluation.cart_mut());
        }
        let source = Source {
            plugin: Arc::clone(&settled.by.name),
            version: Arc::clone(&settled.by.version),
            digest: Arc::clone(&settled.by.digest_text),
            fuel: settled.attempt.fuel.0,
            fallback: settled.fallback,
        };
        verdicts.push(Verdict { source, outcome: settled.attempt.outcome.map_err(to_wit) });
    }
    Ok(verdicts)
}

/// Runs one plugin, checks its answer, and notes how it went.
fn attempt<F: Function>(
    evaluation: &Evaluation,
    plugin: &ActivePlugin,
    args: &F::Args,
    time: Duration,
) -> Attempt<F::Answer> {
    let cart = evaluation.cart();
    let started = Instant::now();
    let run = plugin.call::<F>(cart, args, time);
    let took = started.elapsed();
    let (ending, outcome) = match run.outcome {
        Ok(Ok(answer)) => match F::check(&answer, cart, args) {
            Ok(()) => (Ending::Ok, Ok(answer)),
            Err(invalid) => (Ending::Invalid, Err(Invalid::of_answer(invalid))),
        },
        Ok(Err(fault)) => (Ending::Declined, Err(from_plugin(fault))),
        Err(fault) => (Ending::of_engine(&fault), Err(fault)),
    };
    let fault = outcome.as_ref().err();
    let call = evaluation.call();
    let shared = evaluation.shared();
    shared.meters.count(F::POINT, ending, run.fuel, took);
    call.outcomes.note(&plugin.label, fault.map(|fault| fault.reason.clone()), run.fuel);
    let noted = Noted {
        request_id: &call.request_id,
        version: &plugin.version,
        point: F::POINT,
        fault,
        fuel: run.fuel,
        log: run.log,
    };
    shared.logs.note(&call.tenant, &plugin.name, noted);
    Attempt { outcome, fuel: run.fuel }
}

fn too_late(plugin: &ActivePlugin) -> Fault {
    let message = format!("the deadline passed before plugin {} could run", plugin.label);
    Fault::new(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", message)
}
