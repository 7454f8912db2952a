//! Whether a service has the functions that its manifest schedules.

use fondaco_engine::{Fault, ServiceRelease, shape};
use wasmtime::component::Component;
use wasmtime::component::types::{ComponentFunc, ComponentItem, Type};

use crate::grant::{Grant, invalid};
use crate::job::JobName;

/// Refuses a job whose function is not there, has parameters of its own, answers something, or is declared read-only:
/// then it could not write that it has run. That the answer is a `result` with a fault is the engine's to check.
pub(crate) fn check(release: &ServiceRelease, grant: &Grant) -> Result<(), Fault> {
    for (at, job) in grant.jobs.iter().enumerate() {
        let refuse = |what: &dyn std::fmt::Display| Err(invalid(&format!("jobs[{at}].function"), what));
        let Some(ty) = find(release.compiled.component(), &job.name) else {
            return refuse(&format_args!("the service exports no function `{}`", job.name));
        };
        if takes(&ty).is_none() || !answers_nothing(&ty) {
            let found = shape::signature(&ty);
            return refuse(&format_args!(
                "`{}` must be `func() -> result<_, fault>`, or take the due time as one `u64`; it is {found}",
                job.name
            ));
        }
        if release.read_only.iter().any(|name| name == job.name.as_str()) {
            return refuse(&format_args!("`{}` is declared read-only, and a run must be noted", job.name));
        }
    }
    Ok(())
}

/// What a function takes that is scheduled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    Nothing,
    DueTime,
}

/// What it takes; none where it can't be scheduled.
pub(crate) fn takes(ty: &ComponentFunc) -> Option<Takes> {
    let mut params = ty.params().map(|(_, ty)| ty);
    match (params.next(), params.next()) {
        (None, _) => Some(Takes::Nothing),
        (Some(Type::U64), None) => Some(Takes::DueTime),
        _ => None,
    }
}

fn answers_nothing(ty: &ComponentFunc) -> bool {
    matches!(ty.results().next(), Some(Type::Result(result)) if result.ok().is_none())
}

fn find(component: &Component, name: &JobName) -> Option<ComponentFunc> {
    let engine = component.engine();
    let (interface, function) = name.parts();
    let ty = component.component_type();
    let instances = ty.exports(engine).filter_map(|(name, item)| match item.ty {
        ComponentItem::ComponentInstance(instance) if last_part(name) == interface => Some(instance),
        _ => None,
    });
    let mut functions = instances.filter_map(|instance| match instance.get_export(engine, function)?.ty {
        ComponentItem::ComponentFunc(ty) => Some(ty),
        _ => None,
    });
    functions.next()
}

/// `chores` of `acme:shop/chores@1.0.0`.
fn last_part(name: &str) -> &str {
    let name = name.split_once('@').map_or(name, |(name, _)| name);
    name.rsplit_once('/').map_or(name, |(_, last)| last)
}
