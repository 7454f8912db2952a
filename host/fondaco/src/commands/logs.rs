//! `fondaco logs`: what a plugin wrote, and how its runs went.

use serde::{Deserialize, Serialize};

use crate::cli::{self, Common};
use crate::client::{Client, Need};
use crate::failure::Failure;
use crate::output::{self, Output, time};

/// How long one question waits on the other side.
const WAIT_MS: &str = "25000";

#[derive(Deserialize)]
struct Entries {
    items: Vec<Entry>,
    after: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    cursor: u64,
    at_ms: i64,
    request_id: String,
    point: String,
    version: String,
    outcome: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    fuel: u64,
    lines: Vec<String>,
    truncated: bool,
}

pub(crate) async fn run(common: &Common, wanted: &cli::Logs, output: Output) -> Result<(), Failure> {
    let client = Client::new(common, Need::Tenant)?;
    // A misspelt name should not wait for ever.
    let _known: serde_json::Value = client.get(&["v1", "plugins", &wanted.name], &[]).await?;
    let path = ["v1", "plugins", wanted.name.as_str(), "logs"];
    let limit = wanted.limit.to_string();
    let mut entries: Entries = client.get(&path, &[("limit", &limit)]).await?;
    loop {
        for entry in &entries.items {
            output::line(text(output, entry)?)?;
        }
        if !wanted.follow {
            if entries.items.is_empty() {
                output.note(format!("{} has written nothing, and none of its runs has failed", wanted.name));
            }
            return Ok(());
        }
        let after = entries.after.to_string();
        let query = [("after", after.as_str()), ("wait", WAIT_MS)];
        entries = tokio::select! {
            next = client.get(&path, &query) => next?,
            _stop = tokio::signal::ctrl_c() => return Ok(()),
        };
    }
}

/// For programs one JSON object a run; for people its lines, each with when and which.
fn text(output: Output, entry: &Entry) -> Result<String, Failure> {
    if output.is_json() {
        return Ok(serde_json::to_string(entry).map_err(anyhow::Error::from)?);
    }
    let outcome = if entry.outcome == "ok" { output.good("ok") } else { output.bad(&entry.outcome) };
    let head = format!("{} {} {outcome} {}", time(entry.at_ms), entry.version, output.faint(&entry.request_id));
    let cut = entry.truncated.then(|| output.faint("(it wrote more than is kept)"));
    let words = entry.message.iter().chain(&entry.lines).chain(&cut).map(|words| format!("  {words}"));
    Ok(std::iter::once(head).chain(words).collect::<Vec<_>>().join("\n"))
}
