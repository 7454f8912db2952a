//! One compilation: its arguments on the worker's command line, and the work itself.

use std::ffi::OsString;
use std::time::Duration;

use super::bounds;
use crate::{Class, Code, CompileLimits, Fault};

/// What the worker is told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Job {
    pub(crate) class: Class,
    pub(crate) limits: CompileLimits,
}

impl Job {
    /// As the worker's arguments, one number each; the order is the protocol.
    pub(crate) fn to_args(self) -> Vec<OsString> {
        let limits = self.limits;
        let numbers = [
            limits.component_bytes as u64,
            limits.artifact_bytes as u64,
            limits.memory_bytes,
            limits.cpu.as_secs().max(1),
            u64::from(limits.functions),
            u64::from(limits.function_bytes),
            u64::from(limits.parts),
            u64::from(limits.nesting),
        ];
        let numbers = numbers.iter().map(|number| OsString::from(number.to_string()));
        std::iter::once(OsString::from(self.class.as_str())).chain(numbers).collect()
    }

    /// Back from them; none when they are not a job.
    pub(crate) fn from_args(args: impl IntoIterator<Item = OsString>) -> Option<Self> {
        let mut args = args.into_iter();
        let class = Class::from_name(args.next()?.to_str()?)?;
        let mut number = || args.next()?.to_str()?.parse::<u64>().ok();
        let limits = CompileLimits {
            component_bytes: usize::try_from(number()?).ok()?,
            artifact_bytes: usize::try_from(number()?).ok()?,
            memory_bytes: number()?,
            cpu: Duration::from_secs(number()?),
            functions: u32::try_from(number()?).ok()?,
            function_bytes: u32::try_from(number()?).ok()?,
            parts: u32::try_from(number()?).ok()?,
            nesting: u32::try_from(number()?).ok()?,
            ..CompileLimits::default()
        };
        Some(Self { class, limits })
    }
}

/// Checks the bounds, then compiles.
pub(crate) fn compile(engine: &wasmtime::Engine, bytes: &[u8], limits: &CompileLimits) -> Result<Vec<u8>, Fault> {
    bounds::check(bytes, limits)?;
    let artifact = engine.precompile_component(bytes).map_err(|error| failed(&error))?;
    if artifact.len() > limits.artifact_bytes {
        return Err(too_large(format!("its machine code has more than {} bytes", limits.artifact_bytes)));
    }
    Ok(artifact)
}

/// Why a component does not compile, for its author.
fn failed(error: &wasmtime::Error) -> Fault {
    let mut message = format!("the component does not compile: {error:#}");
    message.truncate(message.floor_char_boundary(1_000));
    Fault::new(Code::InvalidArgument, "COMPILE_FAILED", message)
}

pub(super) fn too_large(what: impl AsRef<str>) -> Fault {
    let message = format!("the component takes too much to compile: {}; make it smaller or simpler", what.as_ref());
    Fault::new(Code::InvalidArgument, "COMPILE_TOO_LARGE", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_survives_the_command_line() {
        let limits = CompileLimits { functions: 7, cpu: Duration::from_secs(3), ..CompileLimits::default() };
        let job = Job::from_args(Job { class: Class::Service, limits }.to_args()).unwrap();
        assert_eq!(job.class, Class::Service);
        assert_eq!((job.limits.functions, job.limits.cpu), (7, Duration::from_secs(3)));
        assert_eq!(job.limits.memory_bytes, limits.memory_bytes);
        assert!(Job::from_args(["plugin".into(), "x".into()]).is_none());
    }
}
