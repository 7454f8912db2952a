//! The calling tenant's database of this service. Granted by `[grants.sql]`.
//!
//! Statements have `$1`, `$2`, … for their parameters, and are written for SQLite and PostgreSQL at once: `BIGINT` ids
//! and times in milliseconds, `TEXT` for JSON, `ON CONFLICT`, `RETURNING`, unqualified names. The first write opens
//! the unit of work; reads after it see what it wrote. Functions that the manifest calls read-only cannot write.
//!
//! Guard an update in the statement (`… WHERE version = $2 RETURNING …`) and look at what came back, instead of
//! reading first or waiting for an error: between two statements the world goes on, and in PostgreSQL an error ends
//! the unit of work.

mod row;
mod statement;
mod value;

pub use row::{FromRow, Json, Row};
pub use statement::Statement;
pub use value::{FromValue, Value};

use crate::{Fault, fault, host};

/// Parameters for a statement: `params![id, "text", None::<i64>]`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$($crate::sql::Value::from($value)),*] as &[$crate::sql::Value]
    };
}

/// All rows that a statement answers. A statement that writes may answer rows too, by `RETURNING`.
pub fn query<T: FromRow>(statement: &str, parameters: &[Value]) -> Result<Vec<T>, Fault> {
    let rows = host::current(|host| host.query(statement, parameters))?;
    row::read(statement, rows)
}

/// The one row that a statement answers. None, or several, is a mistake of the service: `NOT_ONE_ROW`.
pub fn one<T: FromRow>(statement: &str, parameters: &[Value]) -> Result<T, Fault> {
    optional(statement, parameters)?.ok_or_else(|| not_one(statement, 0))
}

/// The row that a statement answers, if it does. Several are a mistake of the service: `NOT_ONE_ROW`.
pub fn optional<T: FromRow>(statement: &str, parameters: &[Value]) -> Result<Option<T>, Fault> {
    let mut rows = query(statement, parameters)?;
    if rows.len() > 1 {
        return Err(not_one(statement, rows.len()));
    }
    Ok(rows.pop())
}

/// Runs a statement; answers how many rows it changed.
pub fn execute(statement: &str, parameters: &[Value]) -> Result<u64, Fault> {
    host::current(|host| host.execute(statement, parameters))
}

/// Commits the unit of work between two steps of a longer process: what is written so far, and the events published so
/// far, stay whatever comes. The next write opens another one. Before another service is called, work must be
/// committed (`UNCOMMITTED_WRITES`).
pub fn commit() -> Result<(), Fault> {
    host::current(|host| host.commit())
}

fn not_one(statement: &str, found: usize) -> Fault {
    let message = format!("Expected one row, found {found}: {}", excerpt(statement));
    fault::internal("NOT_ONE_ROW", message)
}

/// A statement's beginning, on one line.
fn excerpt(statement: &str) -> String {
    let line = statement.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(120).collect()
}
