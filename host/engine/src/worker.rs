//! The compile worker: a child process in which untrusted bytes meet the compiler.
//!
//! Compilers are large and their input is a stranger's. Here the worst that a compile bomb or a compiler bug does is to
//! end a process that holds nothing: no key, no database, no socket, no environment. The limits are set before the
//! first byte is read, and hold for whatever runs in here.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getppid, setrlimit};

use crate::engine::compile::child::{ARTIFACT, REFUSED};
use crate::engine::compile::job::{self, Job};
use crate::{CompileLimits, Fault};

/// Runs the worker; `args` are what stands behind the hidden subcommand.
///
/// Reads a component on standard input and answers on standard output. Fails without an answer when the arguments or
/// the pipes are not those of a host.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let Some(job) = Job::from_args(args) else {
        eprintln!("fondaco: this is a helper process of the host; it is of no use alone");
        return ExitCode::from(2);
    };
    match confine(&job.limits).and_then(|()| answer(&job)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fondaco: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Gives up what is not needed, for good: hard limits can't be raised again.
fn confine(limits: &CompileLimits) -> io::Result<()> {
    end_with_the_host()?;
    let cpu = limits.cpu.as_secs().max(1);
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none)?;
    setrlimit(Resource::Fsize, none)?;
    setrlimit(Resource::Nofile, Rlimit { current: Some(16), maximum: Some(16) })?;
    setrlimit(Resource::As, Rlimit { current: Some(limits.memory_bytes), maximum: Some(limits.memory_bytes) })?;
    // A signal that says so at the limit, the end a second later.
    setrlimit(Resource::Cpu, Rlimit { current: Some(cpu), maximum: Some(cpu + 1) })?;
    Ok(())
}

/// Ends the worker when the host is gone: nobody reads its answer then. The kernel's own signal for it would not do, as
/// it is sent when the host's *thread* ends.
fn end_with_the_host() -> io::Result<()> {
    let host = getppid();
    let watch = move || {
        while getppid() == host {
            std::thread::sleep(Duration::from_millis(500));
        }
        std::process::exit(1);
    };
    std::thread::Builder::new().stack_size(64 << 10).spawn(watch).map(drop)
}

fn answer(job: &Job) -> io::Result<()> {
    let mut bytes = Vec::new();
    let most = job.limits.component_bytes as u64 + 1;
    io::stdin().lock().take(most).read_to_end(&mut bytes)?;
    let mut stdout = io::stdout().lock();
    match compile(job, &bytes) {
        Ok(artifact) => {
            stdout.write_all(&[ARTIFACT])?;
            stdout.write_all(&artifact)?;
        }
        Err(fault) => {
            stdout.write_all(&[REFUSED])?;
            write!(stdout, "{}\n{}", fault.reason, fault.message)?;
        }
    }
    stdout.flush()
}

fn compile(job: &Job, bytes: &[u8]) -> Result<Vec<u8>, Fault> {
    let engine = crate::engine::for_compiling(job.class).map_err(|error| Fault::internal(format!("{error:#}")))?;
    job::compile(&engine, bytes, &job.limits)
}
