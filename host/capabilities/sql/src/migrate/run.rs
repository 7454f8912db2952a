//! Does it.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use fondaco_engine::{Code, Fault, ServiceName, TenantId};
use sqlx::{SqlSafeStr as _, SqlStr};

use super::plan::{Applied, Plan, Step};
use crate::guard::Effect;
use crate::store::{Home, Rights, Statement, Terms, Transaction};
use crate::{Limits, Rows, Value};

const TABLE: &str = "CREATE TABLE IF NOT EXISTS fondaco_migrations (owner TEXT NOT NULL, version BIGINT NOT NULL, \
                     name TEXT NOT NULL, checksum TEXT NOT NULL, applied_ms BIGINT NOT NULL, \
                     PRIMARY KEY (owner, version))";
const APPLIED: &str = "SELECT version, checksum FROM fondaco_migrations WHERE owner = $1 ORDER BY version";
const WRITE_DOWN: &str = "INSERT INTO fondaco_migrations (owner, version, name, checksum, applied_ms) \
                          VALUES ($1, $2, $3, $4, $5)";

/// Which database, for messages.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) tenant: Option<&'a TenantId>,
    pub(crate) service: &'a ServiceName,
}

/// Brings a database up to date with some plans; answers whether there was anything to do.
pub(crate) async fn apply(
    home: &dyn Home,
    plans: &[&Plan],
    limits: &Limits,
    target: Target<'_>,
) -> Result<bool, Fault> {
    let terms = terms(limits);
    if is_done(home, plans, terms).await? {
        return Ok(false);
    }
    let mut transaction = home.begin_migration(&terms).await?;
    run_all(transaction.as_mut(), plans, terms, target).await?;
    transaction.commit().await?;
    Ok(true)
}

/// Tries all steps in an empty database.
pub(crate) async fn rehearse(
    mut scratch: Box<dyn Transaction>,
    plans: &[&Plan],
    limits: &Limits,
    service: &ServiceName,
) -> Result<(), Fault> {
    run_all(scratch.as_mut(), plans, terms(limits), Target { tenant: None, service }).await
}

fn terms(limits: &Limits) -> Terms<'_> {
    Terms { limits, deadline: Instant::now() + limits.migration() }
}

/// Looks without a lock: nearly always there is nothing to do.
async fn is_done(home: &dyn Home, plans: &[&Plan], terms: Terms<'_>) -> Result<bool, Fault> {
    for plan in plans {
        let text = APPLIED.into_sql_str();
        let parameters = [Value::from(plan.owner)];
        match home.read(&reading(&text, &parameters, terms), false).await {
            Ok(rows) => {
                if !plan.pending(&applied(rows))?.is_empty() {
                    return Ok(false);
                }
            }
            // In a new database there is no table yet.
            Err(fault) if fault.code == Code::InvalidArgument => return Ok(false),
            Err(fault) => return Err(fault),
        }
    }
    Ok(true)
}

async fn run_all(
    transaction: &mut dyn Transaction,
    plans: &[&Plan],
    terms: Terms<'_>,
    target: Target<'_>,
) -> Result<(), Fault> {
    transaction.batch(TABLE, Rights::Host, terms.deadline).await?;
    for plan in plans {
        let text = APPLIED.into_sql_str();
        let parameters = [Value::from(plan.owner)];
        let (there, _) = transaction.run(&reading(&text, &parameters, terms)).await?;
        for step in plan.pending(&applied(there))? {
            let rights = if plan.owner == super::grant::SERVICE { Rights::Service } else { Rights::Host };
            for (index, statement) in step.statements.iter().enumerate() {
                let done = transaction.batch(statement, rights, terms.deadline).await;
                done.map_err(|fault| failed(&fault, plan, step, index, target))?;
            }
            write_down(transaction, plan, step, terms).await?;
            tracing::info!(service = %target.service, tenant = target.tenant.map(TenantId::as_str),
                owner = plan.owner, version = step.version, name = step.name, "migration applied");
        }
    }
    Ok(())
}

async fn write_down(
    transaction: &mut dyn Transaction,
    plan: &Plan,
    step: &Step,
    terms: Terms<'_>,
) -> Result<(), Fault> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let parameters = [
        Value::from(plan.owner),
        Value::from(i64::from(step.version)),
        Value::from(step.name.as_str()),
        Value::from(step.checksum.as_str()),
        Value::from(i64::try_from(now).unwrap_or(i64::MAX)),
    ];
    let text = WRITE_DOWN.into_sql_str();
    let statement = Statement { effect: Effect::Put, ..reading(&text, &parameters, terms) };
    transaction.run(&statement).await.map(drop)
}

fn reading<'a>(text: &'a SqlStr, parameters: &'a [Value], terms: Terms<'a>) -> Statement<'a> {
    Statement { text, effect: Effect::Read, parameters, terms }
}

fn applied(rows: Rows) -> Vec<Applied> {
    let row = |row: Vec<Value>| match <[Value; 2]>::try_from(row) {
        Ok([Value::Integer(version), Value::Text(checksum)]) => {
            Some(Applied { version: u32::try_from(version).ok()?, checksum })
        }
        _ => None,
    };
    rows.rows.into_iter().filter_map(row).collect()
}

/// What failed, and where.
fn failed(fault: &Fault, plan: &Plan, step: &Step, index: usize, target: Target<'_>) -> Fault {
    let statement: String = step.statements.get(index).map(|text| text.chars().take(80).collect()).unwrap_or_default();
    let of = match target.tenant {
        Some(tenant) => format!("on the database of tenant `{tenant}`"),
        None => "on an empty database".to_owned(),
    };
    let message = format!(
        "migration {} `{}` of service `{}` failed {of}, in statement {} (`{statement}`): {}",
        step.version,
        step.name,
        target.service,
        index + 1,
        fault.message,
    );
    let failed = Fault::new(Code::FailedPrecondition, "MIGRATION_FAILED", message)
        .with("migration", step.version.to_string())
        .with("owner", plan.owner)
        .with("cause", fault.reason.clone());
    match target.tenant {
        Some(tenant) => failed.with("tenant", tenant.as_str()),
        None => failed,
    }
}
