//! Which tenant is where, and which databases there are: tables in the first shard, in a schema of the host's own.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fondaco_engine::{Code, Fault, ServiceName, TenantId};
use sqlx::{SqlSafeStr as _, SqlStr};

use super::reading::read;
use super::session::Place;
use super::shard::Shard;
use super::transaction::Open;
use super::values::ParameterTypes;
use crate::guard::Effect;
use crate::store::{Statement, Terms};
use crate::{Limits, Rows, Value};

const TABLES: &str = "SELECT pg_advisory_xact_lock(4702111234474983745);
    CREATE SCHEMA IF NOT EXISTS fondaco;
    CREATE TABLE IF NOT EXISTS fondaco.tenants (tenant text PRIMARY KEY, shard text NOT NULL);
    CREATE TABLE IF NOT EXISTS fondaco.databases (tenant text NOT NULL, service text NOT NULL,
        schema_name text NOT NULL, PRIMARY KEY (tenant, service));
    CREATE TABLE IF NOT EXISTS fondaco.settled (service text NOT NULL, plan text NOT NULL,
        PRIMARY KEY (service, plan))";

/// The longest that a question to the directory takes.
const WAIT: Duration = Duration::from_secs(5);
const PLACE: Place = Place::host(5_000);

pub(super) struct Directory {
    shard: Arc<Shard>,
    types: Arc<ParameterTypes>,
    limits: Limits,
}

impl Directory {
    pub(super) fn new(shard: Arc<Shard>) -> Self {
        // All databases of a host are more rows than a service may ask for.
        let limits = Limits { rows: usize::MAX, result_bytes: usize::MAX, ..Limits::default() };
        Self { shard, types: Arc::new(ParameterTypes::new()), limits }
    }

    /// Makes its tables.
    pub(super) async fn prepare(&self) -> Result<(), Fault> {
        let mut open = self.begin().await?;
        open.execute(TABLES.to_owned()).await.map_err(|fault| {
            let message = format!(
                "the host cannot make its tables on shard `{}`: {}; its user needs CREATE on the database, and \
                 CREATEROLE",
                self.shard.name, fault.message
            );
            Fault::new(fault.code, fault.reason, message)
        })?;
        open.commit().await
    }

    /// The shard of a tenant. A new one goes where the fewest are.
    pub(super) async fn place(&self, tenant: &TenantId, open: &[&str]) -> Result<String, Fault> {
        let tenant = Value::from(tenant.as_str());
        let find = "SELECT shard FROM fondaco.tenants WHERE tenant = $1";
        if let Some(shard) = text(self.ask(find, std::slice::from_ref(&tenant)).await?) {
            return Ok(shard);
        }
        let counts = self.ask("SELECT shard, count(*) FROM fondaco.tenants GROUP BY shard", &[]).await?;
        let Some(emptiest) = emptiest(open, &counts) else {
            let message = "no shard takes new tenants; set `open = true` for one";
            return Err(Fault::new(Code::ResourceExhausted, "NO_SHARDS", message));
        };
        // Where another host was faster, its choice stands.
        let insert = "INSERT INTO fondaco.tenants (tenant, shard) VALUES ($1, $2) ON CONFLICT (tenant) DO UPDATE \
                      SET shard = fondaco.tenants.shard RETURNING shard";
        let placed = self.tell(insert, &[tenant, Value::from(emptiest)]).await?;
        text(placed).ok_or_else(|| Fault::internal("a tenant was not placed"))
    }

    pub(super) async fn has(&self, tenant: &TenantId, service: &ServiceName) -> Result<bool, Fault> {
        let find = "SELECT schema_name FROM fondaco.databases WHERE tenant = $1 AND service = $2";
        let rows = self.ask(find, &[tenant.as_str().into(), service.as_str().into()]).await?;
        Ok(!rows.rows.is_empty())
    }

    pub(super) async fn add(&self, tenant: &TenantId, service: &ServiceName, schema: &str) -> Result<(), Fault> {
        let insert = "INSERT INTO fondaco.databases (tenant, service, schema_name) VALUES ($1, $2, $3) \
                      ON CONFLICT DO NOTHING";
        self.tell(insert, &[tenant.as_str().into(), service.as_str().into(), schema.into()]).await.map(drop)
    }

    pub(super) async fn known(&self) -> Result<Vec<(TenantId, ServiceName)>, Fault> {
        let rows = self.ask("SELECT tenant, service FROM fondaco.databases ORDER BY tenant, service", &[]).await?;
        let pair = |row: Vec<Value>| match <[Value; 2]>::try_from(row) {
            Ok([Value::Text(tenant), Value::Text(service)]) => Some((tenant.parse().ok()?, service.parse().ok()?)),
            _ => None,
        };
        Ok(rows.rows.into_iter().filter_map(pair).collect())
    }

    pub(super) async fn is_settled(&self, service: &ServiceName, plan: &str) -> Result<bool, Fault> {
        let find = "SELECT plan FROM fondaco.settled WHERE service = $1 AND plan = $2";
        Ok(!self.ask(find, &[service.as_str().into(), plan.into()]).await?.rows.is_empty())
    }

    pub(super) async fn settle(&self, service: &ServiceName, plan: &str) -> Result<(), Fault> {
        let insert = "INSERT INTO fondaco.settled (service, plan) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        self.tell(insert, &[service.as_str().into(), plan.into()]).await.map(drop)
    }

    async fn begin(&self) -> Result<Open, Fault> {
        let until = Instant::now() + WAIT;
        Open::begin(&self.shard.primary, &PLACE, until, until).await
    }

    async fn ask(&self, statement: &'static str, parameters: &[Value]) -> Result<Rows, Fault> {
        let text = statement.into_sql_str();
        read(&self.shard.primary, &PLACE, "", &self.types, &self.statement(&text, parameters)).await
    }

    async fn tell(&self, statement: &'static str, parameters: &[Value]) -> Result<Rows, Fault> {
        let text = statement.into_sql_str();
        let mut open = self.begin().await?;
        let (rows, _) = open.run("", &self.types, &self.statement(&text, parameters)).await?;
        open.commit().await?;
        Ok(rows)
    }

    fn statement<'a>(&'a self, text: &'a SqlStr, parameters: &'a [Value]) -> Statement<'a> {
        let terms = Terms { limits: &self.limits, deadline: Instant::now() + WAIT };
        Statement { text, effect: Effect::Read, parameters, terms }
    }
}

fn text(rows: Rows) -> Option<String> {
    match rows.rows.into_iter().flatten().next() {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    }
}

/// The first of the shards with the fewest tenants.
fn emptiest<'a>(open: &[&'a str], counts: &Rows) -> Option<&'a str> {
    let count = |shard: &str| {
        let of = |row: &Vec<Value>| match row.as_slice() {
            [Value::Text(name), Value::Integer(count)] if name == shard => Some(*count),
            _ => None,
        };
        counts.rows.iter().find_map(of).unwrap_or(0)
    };
    open.iter().copied().min_by_key(|shard| count(shard))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_tenants_go_where_the_fewest_are() {
        let row = |shard: &str, count: i64| vec![Value::from(shard), Value::from(count)];
        let counts = Rows { columns: Vec::new(), rows: vec![row("a", 3), row("b", 1), row("closed", 0)] };
        assert_eq!(emptiest(&["a", "b"], &counts), Some("b"));
        assert_eq!(emptiest(&["a", "b", "new"], &counts), Some("new"));
        assert_eq!(emptiest(&["c", "d"], &counts), Some("c"));
        assert_eq!(emptiest(&[], &counts), None);
    }
}
