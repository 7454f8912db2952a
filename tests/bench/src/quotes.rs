//! Quotes over HTTP: the host against the same pipeline with its rules linked natively, and against webhooks.
//!
//! All servers are up at once, each a process, and take turns: what the machine does besides falls on all of them.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use crate::host::{Host, Release, create_key, distinct};
use crate::load::{Ask, Outcome, Target, load};
use crate::process::{Server, free_address};
use crate::{Options, scene};

/// Connections of the load.
pub(crate) const CONNECTIONS: usize = 32;
/// Where quotes are asked for.
pub(crate) const PATH: &str = "/v1/pricing/quotes";

/// One server's figures.
#[derive(Serialize)]
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) rate: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) cpu_us: f64,
}

/// A server under load, and what came of it so far.
pub(crate) struct Contender<'a> {
    what: String,
    target: Target,
    /// Whose processor time counts.
    servers: Vec<&'a Server>,
    cpu: Duration,
    outcome: Outcome,
}

impl<'a> Contender<'a> {
    pub(crate) fn new(what: impl Into<String>, target: Target, servers: Vec<&'a Server>) -> Result<Self> {
        Ok(Self { what: what.into(), target, servers, cpu: Duration::ZERO, outcome: Outcome::empty()? })
    }

    async fn turn(&mut self, duration: Duration, counted: bool) -> Result<()> {
        let before = self.used()?;
        let outcome = load(&self.target, CONNECTIONS, duration).await?;
        ensure!(outcome.failed == 0, "{}: {} failed, first: {:?}", self.what, outcome.failed, outcome.first_failure);
        if counted {
            self.cpu += self.used()?.saturating_sub(before);
            self.outcome.add(outcome)?;
        }
        Ok(())
    }

    fn used(&self) -> Result<Duration> {
        self.servers.iter().map(|server| server.cpu()).sum()
    }

    fn row(&self) -> Row {
        Row {
            what: self.what.clone(),
            rate: self.outcome.rate(),
            p50_us: self.outcome.quantile_us(0.5),
            p99_us: self.outcome.quantile_us(0.99),
            cpu_us: self.cpu.as_secs_f64() * 1e6 / self.outcome.answered.max(1) as f64,
        }
    }
}

/// Lets contenders take turns, after one turn each that does not count.
pub(crate) async fn interleave(contenders: &mut [Contender<'_>], rounds: usize, turn: Duration) -> Result<Vec<Row>> {
    for round in 0..=rounds {
        for contender in contenders.iter_mut() {
            contender.turn(turn, round > 0).await?;
        }
    }
    Ok(contenders.iter().map(Contender::row).collect())
}

/// One request, again and again.
pub(crate) fn target(address: &str, key: &str, lines: usize) -> Target {
    let body = scene::request(lines).to_string().into();
    Target {
        address: address.into(),
        path: PATH.into(),
        key: key.into(),
        asks: Arc::new(vec![Ask { tenant: None, body }]),
    }
}

/// Releases the scene's price rule and promotion for `tenant`.
pub(crate) async fn release_scene(host: &Host, tenant: &str, number: Option<usize>) -> Result<()> {
    for (point, name, config) in [
        ("price-rule", "volume-tiers", scene::VOLUME_TIERS_CONFIG),
        ("promotion", "tiered-spend", scene::TIERED_SPEND_CONFIG),
    ] {
        let bytes = host.component(&format!("merchants/{name}"))?;
        let bytes = number.map_or_else(|| bytes.clone(), |number| distinct(&bytes, number));
        host.push(tenant, name, "1.0.0", bytes).await?;
        host.release(&Release { tenant, point, name, version: "1.0.0", position: 0, config }).await?;
    }
    Ok(())
}

/// The servers that a host is measured against.
pub(crate) struct Rivals {
    native: (Server, String),
    webhook: (Server, String),
    rules: Server,
}

impl Rivals {
    /// Starts them. `binary` makes their keys.
    pub(crate) async fn start(binary: &Path, folder: &Path) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("serve-rules");
        let rules = start(folder, command).await?;
        let native = linked(binary, &folder.join("native"), None).await?;
        let webhook = linked(binary, &folder.join("webhook"), Some(&rules.address)).await?;
        Ok(Self { native, webhook, rules })
    }

    /// All of them, once they answer what `host` answers: a fast server that answers something else is no contender.
    pub(crate) async fn contenders(&self, host: &Host, lines: usize) -> Result<[Contender<'_>; 2]> {
        let expected = amounts(&ask(&target(&host.server.address, &host.key, lines)).await?)?;
        let to = |(server, key): &(Server, String)| target(&server.address, key, lines);
        for rival in [&self.native, &self.webhook] {
            let theirs = amounts(&ask(&to(rival)).await?)?;
            ensure!(expected == theirs, "the servers disagree: {expected} and {theirs}");
        }
        Ok([
            Contender::new("native", to(&self.native), vec![&self.native.0])?,
            Contender::new("webhook", to(&self.webhook), vec![&self.webhook.0, &self.rules])?,
        ])
    }
}

/// The host, native, webhooks.
pub(crate) async fn compare(host: &Host, options: &Options, folder: &Path) -> Result<Vec<Row>> {
    let rivals = Rivals::start(&options.host, folder).await?;
    let [native, webhook] = rivals.contenders(host, 10).await?;
    let ours = Contender::new("fondaco", target(&host.server.address, &host.key, 10), vec![&host.server])?;
    let (rounds, turn) = if options.quick { (6, Duration::from_secs(1)) } else { (12, Duration::from_secs(2)) };
    interleave(&mut [ours, native, webhook], rounds, turn).await
}

/// The same server with the pipeline linked, and a key for it.
async fn linked(binary: &Path, state: &Path, webhooks: Option<&str>) -> Result<(Server, String)> {
    std::fs::create_dir_all(state)?;
    let key = create_key(binary, state)?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["serve-quotes", "--state"]).arg(state);
    if let Some(address) = webhooks {
        command.args(["--webhooks", address]);
    }
    Ok((start(state, command).await?, key))
}

async fn start(folder: &Path, mut command: Command) -> Result<Server> {
    let address = free_address()?;
    command.args(["--listen", &address]);
    Server::start(command, address.clone(), &folder.join(format!("{}.log", address.replace(':', "-")))).await
}

async fn ask(target: &Target) -> Result<serde_json::Value> {
    let body = target.asks.first().context("there is nothing to ask")?.body.clone();
    let request = reqwest::Client::new().post(format!("http://{}{}", target.address, target.path));
    let answer = request.bearer_auth(&target.key).header("content-type", "application/json").body(body).send().await?;
    let status = answer.status();
    let text = answer.text().await?;
    ensure!(status.is_success(), "{status}: {text}");
    Ok(serde_json::from_str(&text)?)
}

fn amounts(quote: &serde_json::Value) -> Result<String> {
    let totals = quote.get("totals").context("an answer without totals")?;
    let discounts =
        quote.get("discounts").and_then(serde_json::Value::as_array).context("an answer without discounts")?;
    let off: Vec<_> = discounts.iter().filter_map(|discount| discount.get("amount")?.as_i64()).collect();
    ensure!(!off.is_empty(), "no discount was given: {quote}");
    Ok(format!("{totals} {off:?}"))
}
