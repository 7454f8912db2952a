//! Rows into a service.

use std::io::Read;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Chunk, Chunks};
use crate::cli::{RowFormat, Stock};
use crate::client::Client;
use crate::failure::{Failure, Problem};

/// What passes by itself. Nothing of a chunk that was refused so was taken.
const PASSING: [&str; 7] = [
    "EVENT_RATE_EXCEEDED",
    "OVERLOADED",
    "SERVICE_BUSY",
    "TENANT_BUSY",
    "DATABASE_BUSY",
    "DATABASE_UNAVAILABLE",
    "SERVICE_UNAVAILABLE",
];
/// After so long a tenant may publish more events than a chunk has rows.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(8);
const RETRIES: usize = 6;

/// An import of one kind.
#[derive(Clone, Copy)]
pub(crate) struct Import<'a> {
    pub(crate) client: &'a Client,
    pub(crate) stock: Stock,
    pub(crate) format: RowFormat,
}

/// What became of so many rows.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Tally {
    pub(crate) rows: u64,
    pub(crate) created: u64,
    pub(crate) updated: u64,
    pub(crate) unchanged: u64,
    pub(crate) failed: u64,
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Outcome {
    Created,
    Updated,
    Unchanged,
    Failed,
}

/// A row of the report.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RowReport {
    pub(crate) row: u64,
    pub(crate) sku: String,
    pub(crate) outcome: Outcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<RowFault>,
}

/// Why a row failed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RowFault {
    pub(crate) reason: String,
    pub(crate) message: String,
    #[serde(flatten)]
    rest: serde_json::Map<String, Value>,
}

#[derive(Deserialize)]
struct Report {
    rows: Vec<RowReport>,
}

impl Import<'_> {
    /// Sends all rows. Each is told to `each`, in their order; `progress` hears how many bytes of the input are done.
    pub(crate) async fn run(
        self,
        input: impl Read,
        mut each: impl FnMut(&RowReport) -> Result<(), Failure>,
        mut progress: impl FnMut(u64),
    ) -> Result<Tally, Failure> {
        let mut tally = Tally::default();
        let mut chunks = Chunks::new(self.format, input)?;
        while let Some(chunk) = chunks.next()? {
            let Report { rows } = self.send(&chunk).await?;
            for row in &rows {
                tally.add(row.outcome);
                each(row)?;
            }
            progress(chunk.bytes_read);
        }
        Ok(tally)
    }

    async fn send(self, chunk: &Chunk) -> Result<Report, Failure> {
        let body = json!({ "format": self.format.name(), "text": chunk.text, "firstRow": chunk.first_row });
        let path = ["v1", self.stock.service(), "transfer", "import-chunk"];
        let waits = ExponentialBuilder::default()
            .with_min_delay(FIRST_WAIT)
            .with_max_delay(LONGEST_WAIT)
            .with_max_times(RETRIES);
        let send = || async { self.client.call(&path, &body).await };
        send.retry(waits).sleep(tokio::time::sleep).when(passes).await
    }
}

fn passes(failure: &Failure) -> bool {
    matches!(failure, Failure::Fault(problem) if is_passing(problem))
}

fn is_passing(problem: &Problem) -> bool {
    PASSING.contains(&problem.reason.as_str())
}

impl Tally {
    fn add(&mut self, outcome: Outcome) {
        self.rows += 1;
        match outcome {
            Outcome::Created => self.created += 1,
            Outcome::Updated => self.updated += 1,
            Outcome::Unchanged => self.unchanged += 1,
            Outcome::Failed => self.failed += 1,
        }
    }
}
