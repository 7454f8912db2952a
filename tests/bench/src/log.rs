//! Log lines of the contenders, written as the host writes its own: by a thread of its own, many at a time, in the
//! same format, to standard error.

use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use anyhow::{Result, anyhow};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

const QUEUE: usize = 8_192;
const BATCH: usize = 64 << 10;

/// Starts the writer. It ends with the process.
pub(crate) fn start() -> Result<()> {
    let (lines, waiting) = sync_channel(QUEUE);
    std::thread::Builder::new().name("log".to_owned()).spawn(move || write_all(&waiting))?;
    let subscriber =
        tracing_subscriber::fmt().with_env_filter(EnvFilter::new("info")).with_writer(Lines(lines)).with_ansi(false);
    subscriber.try_init().map_err(|error| anyhow!("{error}"))
}

fn write_all(waiting: &Receiver<Vec<u8>>) {
    let mut batch = Vec::with_capacity(BATCH);
    while let Ok(first) = waiting.recv() {
        batch.extend_from_slice(&first);
        while batch.len() < BATCH
            && let Ok(next) = waiting.try_recv()
        {
            batch.extend_from_slice(&next);
        }
        let _closed = io::stderr().write_all(&batch);
        batch.clear();
    }
}

struct Lines(SyncSender<Vec<u8>>);

struct Line<'a>(Vec<u8>, &'a Lines);

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(Vec::with_capacity(512), self)
    }
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        let _dropped = self.1.0.try_send(std::mem::take(&mut self.0));
    }
}
