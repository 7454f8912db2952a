//! Where the time of a quote goes: the host's own timings of its stages, the median of many quotes.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::host::Host;
use crate::measure::median;
use crate::scene;

/// Stages in the order in which they run, each with its median in microseconds.
pub(crate) async fn measure(host: &Host, quotes: usize) -> Result<Vec<(String, f64)>> {
    let mut request = scene::request(10);
    let object = request.as_object_mut().context("a request is an object")?;
    object.insert("timings".into(), json!(true));
    let mut order = Vec::new();
    let mut costs: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for _ in 0..quotes {
        let answer = host.quote(scene::TENANT, &request).await?;
        let timings = answer.get("timings").and_then(Value::as_array).context("an answer without timings")?;
        for timing in timings {
            let stage = timing.get("stage").and_then(Value::as_str).unwrap_or_default().to_owned();
            let micros = timing.get("nanos").and_then(Value::as_f64).unwrap_or_default() / 1e3;
            if !costs.contains_key(&stage) {
                order.push(stage.clone());
            }
            costs.entry(stage).or_default().push(micros);
        }
    }
    Ok(order
        .into_iter()
        .map(|stage| {
            let cost = costs.get_mut(&stage).map_or(0.0, |costs| median(costs));
            (stage, cost)
        })
        .collect())
}
