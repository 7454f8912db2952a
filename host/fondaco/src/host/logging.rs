//! Log lines, to standard error.
//!
//! A thread of its own writes them, many at a time: a request must neither pay a system call for its line nor wait
//! for a terminal that scrolls or a pipe that nobody reads. A line that comes alone is written at once; where many
//! come, the writer sleeps a moment between batches, as waking it up for each costs more than the line itself. Where
//! it cannot follow, lines are dropped and counted.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fondaco_gateway::REQUEST_LOG;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::writer::MakeWriterExt as _;

use super::config::{LogConfig, LogFormat};
use crate::failure::Failure;

/// Lines that may wait.
const QUEUE: usize = 8_192;
/// Bytes that are written at once.
const BATCH: usize = 64 << 10;
/// From one batch to the next. At eight thousand lines that wait, four hundred thousand a second can be followed.
const PAUSE: Duration = Duration::from_millis(20);

/// The log. Writes what is left when it is dropped.
pub(super) struct Log {
    lines: Lines,
    writer: Option<JoinHandle<()>>,
    mute: Mute,
}

/// Whether requests have no lines just now.
type Mute = Arc<AtomicBool>;

pub(super) fn start(config: &LogConfig) -> Result<Log, Failure> {
    let filter = EnvFilter::try_new(&config.filter)
        .map_err(|error| Failure::Local(format!("log.filter: `{}`: {error}", config.filter)))?;
    let colours = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let (lines, waiting) = queue();
    let dropped = Arc::clone(&lines.dropped);
    let writer = std::thread::Builder::new()
        .name("log".to_owned())
        .spawn(move || write_all(&waiting, &dropped, io::stderr()))
        .map_err(anyhow::Error::from)?;
    let mute = Mute::default();
    let writing = audible(lines.clone(), &mute);
    let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writing).with_ansi(colours);
    let started = match config.format {
        LogFormat::Text => subscriber.try_init(),
        LogFormat::Json => subscriber.json().flatten_event(true).with_current_span(false).try_init(),
    };
    started.map_err(|error| Failure::Other(anyhow::anyhow!("{error}")))?;
    Ok(Log { lines, writer: Some(writer), mute })
}

fn audible(lines: Lines, mute: &Mute) -> impl for<'a> MakeWriter<'a> + Send + Sync + 'static {
    let mute = Arc::clone(mute);
    lines.with_filter(move |line| line.target() != REQUEST_LOG || !mute.load(Ordering::Relaxed))
}

impl Log {
    /// Requests have no lines until this is dropped.
    pub(super) fn without_requests(&self) -> WithoutRequests {
        self.mute.store(true, Ordering::Relaxed);
        WithoutRequests(Arc::clone(&self.mute))
    }
}

/// See [`Log::without_requests`].
pub(super) struct WithoutRequests(Mute);

impl Drop for WithoutRequests {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        // The subscriber lives as long as the process and keeps a sender: an empty line is the end.
        let _gone = self.lines.sender.send(Vec::new());
        if let Some(writer) = self.writer.take() {
            let _panicked = writer.join();
        }
    }
}

/// The queue's end for those who log.
#[derive(Clone)]
struct Lines {
    sender: SyncSender<Vec<u8>>,
    dropped: Arc<AtomicU64>,
}

fn queue() -> (Lines, Receiver<Vec<u8>>) {
    let (sender, waiting) = sync_channel(QUEUE);
    (Lines { sender, dropped: Arc::default() }, waiting)
}

/// One line on its way.
struct Line<'a> {
    text: Vec<u8>,
    lines: &'a Lines,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { text: Vec::with_capacity(512), lines: self }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        let text = std::mem::take(&mut self.text);
        if !text.is_empty() && self.lines.sender.try_send(text).is_err() {
            self.lines.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn write_all(waiting: &Receiver<Vec<u8>>, dropped: &AtomicU64, mut to: impl Write) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut next_batch = Instant::now();
    while let Ok(first) = waiting.recv() {
        let mut ends = first.is_empty();
        batch.extend_from_slice(&first);
        if !ends {
            std::thread::sleep(next_batch.saturating_duration_since(Instant::now()));
        }
        while !ends && batch.len() < BATCH {
            let Ok(next) = waiting.try_recv() else { break };
            ends = next.is_empty();
            batch.extend_from_slice(&next);
        }
        let lost = dropped.swap(0, Ordering::Relaxed);
        if lost > 0 {
            batch.extend_from_slice(format!("({lost} log lines were dropped: they came too fast)\n").as_bytes());
        }
        // Nobody reads any more: there is no place left to say so.
        let _closed = to.write_all(&batch);
        // A full batch leaves lines behind, which wait for nothing.
        next_batch = Instant::now() + if batch.len() < BATCH { PAUSE } else { Duration::ZERO };
        batch.clear();
        if ends {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_out_whole_and_in_order_until_the_end() {
        let (lines, waiting) = queue();
        for number in 0..100 {
            writeln!(lines.make_writer(), "line {number}").unwrap();
        }
        lines.sender.send(Vec::new()).unwrap();
        let mut written = Vec::new();
        write_all(&waiting, &lines.dropped, &mut written);
        let expected: String = (0..100).map(|number| format!("line {number}\n")).collect::<Vec<_>>().concat();
        assert_eq!(String::from_utf8(written).unwrap(), expected);
    }

    #[test]
    fn requests_can_be_left_out_for_a_while() {
        let (lines, waiting) = queue();
        let log = Log { lines: lines.clone(), writer: None, mute: Mute::default() };
        let writing = audible(lines, &log.mute);
        tracing::subscriber::with_default(tracing_subscriber::fmt().with_writer(writing).finish(), || {
            let quiet = log.without_requests();
            tracing::info!(target: REQUEST_LOG, "request one");
            tracing::info!("other one");
            drop(quiet);
            tracing::info!(target: REQUEST_LOG, "request two");
        });
        drop(log);
        let mut written = Vec::new();
        write_all(&waiting, &AtomicU64::new(0), &mut written);
        let text = String::from_utf8(written).unwrap();
        assert!(!text.contains("request one") && text.contains("other one") && text.contains("request two"), "{text}");
    }

    #[test]
    fn what_cannot_be_followed_is_dropped_and_counted() {
        let (lines, waiting) = queue();
        for _ in 0..QUEUE + 3 {
            writeln!(lines.make_writer(), "x").unwrap();
        }
        assert_eq!(lines.dropped.load(Ordering::Relaxed), 3);
        let Lines { sender, dropped } = lines;
        drop(sender);
        let mut written = Vec::new();
        write_all(&waiting, &dropped, &mut written);
        let text = String::from_utf8(written).unwrap();
        assert_eq!(text.lines().filter(|line| *line == "x").count(), QUEUE);
        assert!(text.contains("(3 log lines were dropped"), "{text}");
    }
}
