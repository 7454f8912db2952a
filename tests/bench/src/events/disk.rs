//! What the disk below the temporary folder makes of "acknowledged on disk": without it, figures of durable events say
//! more about the disk than about the host.

use std::io::{Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::measure::median;

const PAGE: [u8; 4_096] = [7; 4_096];
/// Pages that are written round and round, as SQLite does with its log.
const PAGES: u64 = 64;
const LENGTH: Duration = Duration::from_millis(700);

/// The median of writing a page and syncing it, by so many threads at a time, each with a file of its own, in
/// microseconds.
pub(super) async fn sync_us(threads: usize) -> Result<f64> {
    let folder = tempfile::tempdir()?;
    let mut workers = tokio::task::JoinSet::new();
    for number in 0..threads {
        let path = folder.path().join(number.to_string());
        workers.spawn_blocking(move || sync_again_and_again(path));
    }
    let mut all = Vec::new();
    for times in workers.join_all().await {
        all.extend(times?);
    }
    Ok(median(&mut all))
}

fn sync_again_and_again(path: PathBuf) -> Result<Vec<f64>> {
    let mut file = std::fs::File::create(path)?;
    for _ in 0..PAGES {
        file.write_all(&PAGE)?;
    }
    file.sync_all()?;
    let (mut times, until) = (Vec::new(), Instant::now() + LENGTH);
    while Instant::now() < until {
        if (times.len() as u64).is_multiple_of(PAGES) {
            file.seek(SeekFrom::Start(0))?;
        }
        let begun = Instant::now();
        file.write_all(&PAGE)?;
        file.sync_data()?;
        times.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    Ok(times)
}
