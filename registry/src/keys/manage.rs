//! Creating, listing and revoking keys.

use fondaco_engine::{Code, Fault, Roles, TenantId};
use secrecy::SecretString;
use sqlx::sqlite::SqliteConnection;

use crate::audit::{self, Note};
use crate::clock::now_ms;
use crate::error::Error;
use crate::keys::{KeyRecord, Keys, roles_text, stored_roles, token};
use crate::names::quoted;
use crate::owner::Actor;

/// A key to be created.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// The merchant that it acts for.
    pub tenant: TenantId,
    /// For people: who or what holds it. 1 to 100 characters.
    pub name: String,
    /// What it may do; at least one.
    pub roles: Roles,
    /// Until when it is good, in ms since 1970; `None` for ever.
    pub expires_ms: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    tenant: String,
    name: String,
    roles: String,
    created_by: String,
    created_ms: i64,
    expires_ms: Option<i64>,
    revoked_ms: Option<i64>,
    last_used_ms: Option<i64>,
}

impl Keys {
    /// Creates a key. The text that comes back is shown once: only its hash is kept.
    ///
    /// Faults: `INVALID_KEY_NAME`, `NO_ROLES`, `INVALID_EXPIRY`, `TOO_MANY_KEYS`.
    pub async fn create(&self, new: NewKey, actor: &Actor) -> Result<(KeyRecord, SecretString), Error> {
        let now = now_ms();
        check(&new, now)?;
        let fresh = token::fresh();
        let mut change = self.0.database.write().await?;
        self.check_count(&mut change, &new.tenant, now).await?;
        sqlx::query(
            "INSERT INTO api_keys (id, tenant, name, roles, hash, created_by, created_ms, expires_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(&fresh.id)
        .bind(new.tenant.as_str())
        .bind(&new.name)
        .bind(roles_text(new.roles))
        .bind(fresh.hash.as_slice())
        .bind(actor.as_str())
        .bind(now)
        .bind(new.expires_ms)
        .execute(&mut *change)
        .await?;
        let detail = serde_json::json!({
            "name": new.name, "roles": new.roles.names().collect::<Vec<_>>(), "expiresMs": new.expires_ms,
        });
        audit::append(&mut change, note(actor, &new.tenant, "key.create", &fresh.id, detail)).await?;
        change.commit().await?;
        self.reload().await?;
        let record = KeyRecord {
            id: fresh.id,
            tenant: new.tenant,
            name: new.name,
            roles: new.roles,
            created_by: actor.to_string(),
            created_ms: now,
            expires_ms: new.expires_ms,
            revoked_ms: None,
            last_used_ms: None,
        };
        Ok((record, fresh.text))
    }

    /// The keys of a tenant, or of all, the newest first.
    pub async fn list(&self, tenant: Option<&TenantId>) -> Result<Vec<KeyRecord>, Error> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, tenant, name, roles, created_by, created_ms, expires_ms, revoked_ms, last_used_ms FROM api_keys
             WHERE $1 IS NULL OR tenant = $1 ORDER BY created_ms DESC, id",
        )
        .bind(tenant.map(TenantId::as_str))
        .fetch_all(self.0.database.read())
        .await?;
        rows.into_iter().map(record).collect()
    }

    /// Refuses the key from now on: here at once, in other processes within about a second. Revoking
    /// it again changes nothing.
    ///
    /// `tenant` narrows it to that merchant's keys. Fault: `KEY_NOT_FOUND`.
    pub async fn revoke(&self, id: &str, tenant: Option<&TenantId>, actor: &Actor) -> Result<KeyRecord, Error> {
        let mut change = self.0.database.write().await?;
        let found: Option<Row> = sqlx::query_as(
            "SELECT id, tenant, name, roles, created_by, created_ms, expires_ms, revoked_ms, last_used_ms FROM api_keys
             WHERE id = $1 AND ($2 IS NULL OR tenant = $2)",
        )
        .bind(id)
        .bind(tenant.map(TenantId::as_str))
        .fetch_optional(&mut *change)
        .await?;
        let mut key = record(found.ok_or_else(|| no_such_key(id))?)?;
        if key.revoked_ms.is_some() {
            return Ok(key);
        }
        let now = now_ms();
        sqlx::query("UPDATE api_keys SET revoked_ms = $1 WHERE id = $2")
            .bind(now)
            .bind(id)
            .execute(&mut *change)
            .await?;
        let detail = serde_json::json!({ "name": key.name });
        audit::append(&mut change, note(actor, &key.tenant, "key.revoke", id, detail)).await?;
        change.commit().await?;
        key.revoked_ms = Some(now);
        self.reload().await?;
        Ok(key)
    }

    async fn check_count(&self, inside: &mut SqliteConnection, tenant: &TenantId, now: i64) -> Result<(), Error> {
        let good: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM api_keys
             WHERE tenant = $1 AND revoked_ms IS NULL AND (expires_ms IS NULL OR expires_ms > $2)",
        )
        .bind(tenant.as_str())
        .bind(now)
        .fetch_one(inside)
        .await?;
        if good < i64::from(self.0.bounds.keys) {
            return Ok(());
        }
        Err(Fault::new(
            Code::ResourceExhausted,
            "TOO_MANY_KEYS",
            format!("'{tenant}' has {good} good keys and may have no more: revoke those that nobody uses"),
        )
        .into())
    }
}

fn check(new: &NewKey, now: i64) -> Result<(), Fault> {
    let length = new.name.chars().count();
    if !(1..=100).contains(&length) || new.name.chars().any(char::is_control) {
        return Err(Fault::new(
            Code::InvalidArgument,
            "INVALID_KEY_NAME",
            format!(
                "{} cannot be the name of a key: 1 to 100 characters, none of them a control character",
                quoted(&new.name)
            ),
        ));
    }
    if new.roles.is_empty() {
        return Err(Fault::new(
            Code::InvalidArgument,
            "NO_ROLES",
            "a key needs at least one role: reader, caller, publisher or operator",
        ));
    }
    if new.expires_ms.is_some_and(|until| until <= now) {
        return Err(Fault::new(
            Code::InvalidArgument,
            "INVALID_EXPIRY",
            "a key cannot expire in the past: give a later time, or none",
        ));
    }
    Ok(())
}

fn no_such_key(id: &str) -> Fault {
    Fault::new(
        Code::NotFound,
        "KEY_NOT_FOUND",
        format!("there is no key {}: `fondaco keys list` shows the ids", quoted(id)),
    )
}

fn note<'a>(
    actor: &'a Actor,
    tenant: &TenantId,
    action: &'static str,
    id: &str,
    detail: serde_json::Value,
) -> Note<'a> {
    Note { actor, scope: tenant.to_string(), action, subject: format!("key/{id}"), before: None, after: None, detail }
}

fn record(row: Row) -> Result<KeyRecord, Error> {
    Ok(KeyRecord {
        tenant: row.tenant.parse().map_err(|_error| Error::damaged_row("a key of a tenant whose id is not one"))?,
        roles: stored_roles(&row.roles),
        id: row.id,
        name: row.name,
        created_by: row.created_by,
        created_ms: row.created_ms,
        expires_ms: row.expires_ms,
        revoked_ms: row.revoked_ms,
        last_used_ms: row.last_used_ms,
    })
}
