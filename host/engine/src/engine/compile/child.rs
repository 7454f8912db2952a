//! The host's side of a compile worker.
//!
//! The child gets the component on standard input and answers on standard output: one byte that says what follows, then
//! the machine code or a fault. Both directions are bounded, the environment is empty, and whatever happens to the
//! child is a fault to the one who sent the component, never the host's trouble.

use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::job::{Job, too_large};
use crate::{Class, Code, CompileLimits, Fault, WorkerCommand};

/// What the first byte of an answer says.
pub(crate) const ARTIFACT: u8 = b'A';
/// A line with the reason and the message behind it.
pub(crate) const REFUSED: u8 = b'F';

/// As much of the child's complaints as is worth reading.
const COMPLAINT_BYTES: u64 = 8 << 10;

/// CPU time is up; see `signal(7)`.
const SIGXCPU: i32 = 24;
const SIGKILL: i32 = 9;

/// Compiles in a child process.
pub(super) async fn compile(
    worker: &WorkerCommand,
    class: Class,
    limits: &CompileLimits,
    bytes: &[u8],
) -> Result<Vec<u8>, Fault> {
    let mut child = start(worker, class, limits)?;
    let talk = tokio::time::timeout(limits.wall, converse(&mut child, bytes, limits)).await;
    let (answer, complaint, status) = match talk {
        Ok(Ok(told)) => told,
        Ok(Err(error)) => {
            tracing::error!(%error, "compile worker can't be talked to");
            return Err(Fault::internal("the compile worker can't be talked to; try again"));
        }
        // The child is killed as it is dropped; wait for it, so that it leaves no zombie.
        Err(_) => {
            let _ = child.kill().await;
            return Err(timeout(limits));
        }
    };
    read_answer(answer, &complaint, status, limits)
}

fn start(worker: &WorkerCommand, class: Class, limits: &CompileLimits) -> Result<Child, Fault> {
    Command::new(&worker.program)
        .args(&worker.args)
        .args(Job { class, limits: *limits }.to_args())
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| {
            tracing::error!(program = %worker.program.display(), %error, "compile worker does not start");
            Fault::internal("the compile worker does not start; see the host's log")
        })
}

async fn converse(
    child: &mut Child,
    bytes: &[u8],
    limits: &CompileLimits,
) -> std::io::Result<(Vec<u8>, Vec<u8>, ExitStatus)> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let tell = async {
        if let Some(mut stdin) = stdin {
            // A child that died does not read on; its exit status says why.
            let _ = stdin.write_all(bytes).await;
        }
    };
    let most = limits.artifact_bytes as u64 + 1;
    let (answer, complaint, ()) = tokio::join!(read(stdout, most), read(stderr, COMPLAINT_BYTES), tell);
    let answer = answer?;
    if answer.len() as u64 > most {
        child.start_kill()?;
    }
    Ok((answer, complaint?, child.wait().await?))
}

/// Reads one byte more than `most` at the most, then closes the pipe.
async fn read(from: Option<impl AsyncRead + Unpin>, most: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        from.take(most + 1).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}

fn read_answer(
    mut answer: Vec<u8>,
    complaint: &[u8],
    status: ExitStatus,
    limits: &CompileLimits,
) -> Result<Vec<u8>, Fault> {
    if answer.len() > limits.artifact_bytes + 1 {
        return Err(too_large(format!("its machine code has more than {} bytes", limits.artifact_bytes)));
    }
    match (answer.first(), status.success()) {
        (Some(&ARTIFACT), true) => {
            answer.remove(0);
            Ok(answer)
        }
        (Some(&REFUSED), true) => Err(refusal(&answer)),
        _ => Err(death(&String::from_utf8_lossy(complaint), status, limits)),
    }
}

/// The child's own verdict. Only reasons that it may give are passed on.
fn refusal(answer: &[u8]) -> Fault {
    let text = String::from_utf8_lossy(answer.get(1..).unwrap_or_default());
    let (reason, message) = text.split_once('\n').unwrap_or(("", &text));
    let reason = match reason {
        "COMPILE_TOO_LARGE" => "COMPILE_TOO_LARGE",
        "COMPONENT_TOO_LARGE" => "COMPONENT_TOO_LARGE",
        "NOT_A_COMPONENT" => "NOT_A_COMPONENT",
        _ => "COMPILE_FAILED",
    };
    let mut message = message.to_owned();
    message.truncate(message.floor_char_boundary(1_000));
    Fault::new(Code::InvalidArgument, reason, message)
}

/// What killed the child.
fn death(complaint: &str, status: ExitStatus, limits: &CompileLimits) -> Fault {
    tracing::warn!(%status, complaint, "compile worker died");
    let out_of_memory = ["memory allocation of", "Cannot allocate memory", "out of memory"];
    if out_of_memory.iter().any(|words| complaint.contains(words)) {
        return too_large(format!("more than {} MiB of memory", limits.memory_bytes >> 20));
    }
    match status.signal() {
        Some(SIGXCPU | SIGKILL) => timeout(limits),
        _ => Fault::new(
            Code::InvalidArgument,
            "COMPILE_FAILED",
            "the compiler broke down over this component, most likely because something in it is nested too deep",
        ),
    }
}

fn timeout(limits: &CompileLimits) -> Fault {
    let message = format!(
        "the component takes longer to compile than {} s of CPU or {} s in all; make its functions smaller",
        limits.cpu.as_secs(),
        limits.wall.as_secs()
    );
    Fault::new(Code::InvalidArgument, "COMPILE_TIMEOUT", message)
}
