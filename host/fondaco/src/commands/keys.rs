//! `fondaco keys`: API keys, in the state folder itself. Whoever may write there may make keys; a running host takes
//! notice within a second.

use fondaco_engine::{Roles, TenantId};
use fondaco_registry::{Actor, KeyRecord, NewKey, Registry};
use secrecy::ExposeSecret;
use serde_json::json;

use crate::cli::{self, Common, CreateKey};
use crate::failure::Failure;
use crate::output::{Output, time};

const DAY_MS: i64 = 24 * 3600 * 1000;

pub(crate) async fn run(common: &Common, command: cli::Keys, output: Output) -> Result<(), Failure> {
    let folder = common.state.join("registry");
    if !folder.is_dir() && !matches!(command, cli::Keys::Create(_)) {
        let state = common.state.display();
        return Err(Failure::Local(format!(
            "{state} holds no host's state; say --state, or start a host with `fondaco up`"
        )));
    }
    let tenant: Option<TenantId> = common
        .tenant
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|error| Failure::Usage(format!("--tenant: {error}")))?;
    let registry = Registry::open(folder).await?;
    let done = match command {
        cli::Keys::Create(create) => self::create(&registry, tenant, &create, output).await,
        cli::Keys::List => list(&registry, tenant.as_ref(), output).await,
        cli::Keys::Revoke { id } => revoke(&registry, &id, tenant.as_ref(), output).await,
    };
    registry.close().await;
    done
}

async fn create(
    registry: &Registry,
    tenant: Option<TenantId>,
    wanted: &CreateKey,
    output: Output,
) -> Result<(), Failure> {
    let tenant = tenant.ok_or_else(|| Failure::Usage("a key is a tenant's: say --tenant".to_owned()))?;
    let new = NewKey {
        tenant,
        name: wanted.name.clone(),
        roles: roles(&wanted.roles)?,
        expires_ms: wanted.expires.map(in_days),
    };
    let (record, text) = registry.keys().create(new, &actor()).await?;
    let answer = json!({ "key": text.expose_secret(), "record": record });
    output.answer(&answer, |output, _| {
        format!(
            "{}\n{}",
            text.expose_secret(),
            output.faint("keep it: it is shown this once, and only its hash is stored")
        )
    })
}

fn roles(names: &[String]) -> Result<Roles, Failure> {
    let unknown = |name: &str| Failure::Usage(format!("`{name}` is not a role: reader, caller, publisher, operator"));
    names.iter().map(|name| Roles::from_name(name.trim()).ok_or_else(|| unknown(name))).collect()
}

fn in_days(days: u32) -> i64 {
    jiff::Timestamp::now().as_millisecond().saturating_add(DAY_MS.saturating_mul(days.into()))
}

fn actor() -> Actor {
    let user = std::env::var("USER").unwrap_or_else(|_unknown| "somebody".to_owned());
    Actor::new(&format!("{user} (cli)"))
}

async fn list(registry: &Registry, tenant: Option<&TenantId>, output: Output) -> Result<(), Failure> {
    let keys = registry.keys().list(tenant).await?;
    output.answer(&json!({ "items": keys }), |output, _| table(output, &keys))
}

async fn revoke(registry: &Registry, id: &str, tenant: Option<&TenantId>, output: Output) -> Result<(), Failure> {
    let record = registry.keys().revoke(id, tenant, &actor()).await?;
    output.answer(&record, |output, record| {
        format!("{} {} ({}) is refused from now on", output.good("revoked"), record.id, record.name)
    })
}

fn table(output: Output, keys: &[KeyRecord]) -> String {
    let moment = |ms: Option<i64>| ms.map_or_else(|| "-".to_owned(), time);
    let rows = keys.iter().map(|key| {
        vec![
            key.id.clone(),
            key.tenant.to_string(),
            key.name.clone(),
            key.roles.names().collect::<Vec<_>>().join(","),
            time(key.created_ms),
            moment(key.expires_ms),
            moment(key.last_used_ms),
            moment(key.revoked_ms),
        ]
    });
    let headings = ["ID", "TENANT", "NAME", "ROLES", "CREATED (UTC)", "EXPIRES", "LAST USED", "REVOKED"];
    output.table(&headings, rows.collect())
}
