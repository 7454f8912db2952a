//! `fondaco audit`: who changed what, when.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::wire::short;
use crate::cli::{self, Common};
use crate::client::{Client, Need};
use crate::failure::Failure;
use crate::output::{Output, time};

#[derive(Serialize, Deserialize)]
struct Page {
    items: Vec<Entry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<i64>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    id: i64,
    at_ms: i64,
    actor: String,
    scope: String,
    action: String,
    subject: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digest_before: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digest_after: Option<String>,
    detail: Value,
}

pub(crate) async fn run(common: &Common, wanted: &cli::Audit, output: Output) -> Result<(), Failure> {
    let need = if wanted.scope.is_some() { Need::Operator } else { Need::Tenant };
    let client = Client::new(common, need)?;
    let limit = wanted.limit.to_string();
    let mut query = vec![("limit", limit.as_str())];
    let optional = [("scope", &wanted.scope), ("action", &wanted.action), ("subject", &wanted.subject)];
    query.extend(optional.iter().filter_map(|(name, value)| value.as_deref().map(|value| (*name, value))));
    let page: Page = client.get(&["v1", "audit"], &query).await?;
    output.answer(&page, |output, page| table(output, &page.items))
}

fn table(output: Output, entries: &[Entry]) -> String {
    let digest = |digest: &Option<String>| digest.as_deref().map_or("-", short).to_owned();
    let rows = entries.iter().map(|entry| {
        vec![
            time(entry.at_ms),
            entry.actor.clone(),
            entry.scope.clone(),
            entry.action.clone(),
            entry.subject.clone(),
            digest(&entry.digest_before),
            digest(&entry.digest_after),
        ]
    });
    output.table(&["WHEN (UTC)", "WHO", "SCOPE", "WHAT", "SUBJECT", "BEFORE", "AFTER"], rows.collect())
}
