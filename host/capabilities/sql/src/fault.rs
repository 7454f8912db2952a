//! What databases say went wrong, as faults.

use fondaco_engine::{Code, Fault};
use sqlx::error::{DatabaseError, ErrorKind};
use sqlx::postgres::PgDatabaseError;
use sqlx::sqlite::SqliteError;

/// The connection is gone or never came to be.
pub(crate) const UNAVAILABLE: &str = "DATABASE_UNAVAILABLE";
/// The tables are not what a prepared statement knew; the same again will do.
pub(crate) const SCHEMA_CHANGED: &str = "SCHEMA_CHANGED";
/// A second row with a key that there is only one of.
pub(crate) const UNIQUE_VIOLATION: &str = "UNIQUE_VIOLATION";

/// A database's error as a fault. What concerns only the operator goes into the log.
pub(crate) fn of(error: &sqlx::Error) -> Fault {
    match error {
        sqlx::Error::Database(error) => of_database(error.as_ref()),
        sqlx::Error::PoolTimedOut => busy(),
        // The thread of a SQLite connection ends where a statement that it kept does not fit the tables any more.
        sqlx::Error::WorkerCrashed => changed(),
        sqlx::Error::Decode(error) | sqlx::Error::Encode(error) => Fault::internal(error.to_string()),
        sqlx::Error::ColumnDecode { source, .. } => Fault::internal(source.to_string()),
        other => {
            tracing::warn!(error = %other, "database connection failed");
            unavailable()
        }
    }
}

/// Whether the connection is of no more use.
pub(crate) fn is_lost(fault: &Fault) -> bool {
    matches!(&*fault.reason, UNAVAILABLE | SCHEMA_CHANGED)
}

pub(crate) fn unavailable() -> Fault {
    Fault::new(Code::Unavailable, UNAVAILABLE, "the database cannot be reached just now; try again")
}

pub(crate) fn busy() -> Fault {
    let message = "the database was busy with others for as long as this call may wait; try again";
    Fault::new(Code::Unavailable, "DATABASE_BUSY", message)
}

pub(crate) fn timeout() -> Fault {
    let message = "the statement ran for as long as it may; ask for less, or add an index";
    Fault::new(Code::DeadlineExceeded, "STATEMENT_TIMEOUT", message)
}

pub(crate) fn full() -> Fault {
    let message = "the tenant's database has reached its size limit; delete something first";
    Fault::new(Code::ResourceExhausted, "DATABASE_FULL", message)
}

pub(crate) fn read_only() -> Fault {
    let message = "this function is declared read-only in the manifest and cannot write";
    Fault::new(Code::FailedPrecondition, "READ_ONLY", message)
}

pub(crate) fn changed() -> Fault {
    Fault::new(Code::Aborted, SCHEMA_CHANGED, "the tables changed while the statement ran; try the whole again")
}

pub(crate) fn parameter(message: impl Into<String>) -> Fault {
    Fault::new(Code::InvalidArgument, "INVALID_PARAMETER", message)
}

pub(crate) fn unsupported(column: &str, ty: &str) -> Fault {
    let message =
        format!("column `{column}` is of type {ty}, which does not cross; CAST it to TEXT, BIGINT or DOUBLE PRECISION");
    Fault::new(Code::InvalidArgument, "UNSUPPORTED_TYPE", message).with("column", column)
}

fn of_database(error: &dyn DatabaseError) -> Fault {
    let constraint = match error.kind() {
        ErrorKind::UniqueViolation => Some((Code::AlreadyExists, UNIQUE_VIOLATION)),
        ErrorKind::ForeignKeyViolation => Some((Code::FailedPrecondition, "FOREIGN_KEY_VIOLATION")),
        ErrorKind::NotNullViolation => Some((Code::FailedPrecondition, "NOT_NULL_VIOLATION")),
        ErrorKind::CheckViolation => Some((Code::FailedPrecondition, "CHECK_VIOLATION")),
        _ => None,
    };
    if let Some((code, reason)) = constraint {
        return broken(error, code, reason);
    }
    if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
        return of_postgres(error);
    }
    of_sqlite(error)
}

/// A constraint that would not hold.
fn broken(error: &dyn DatabaseError, code: Code, reason: &'static str) -> Fault {
    let fault = Fault::new(code, reason, shortened(error.message()));
    match error.constraint() {
        Some(constraint) => fault.with("constraint", shortened(constraint)),
        None => fault,
    }
}

fn invalid(error: &dyn DatabaseError) -> Fault {
    Fault::new(Code::InvalidArgument, "SQL_ERROR", format!("the database refused: {}", shortened(error.message())))
}

/// Result codes of SQLite: <https://www.sqlite.org/rescode.html>.
fn of_sqlite(error: &dyn DatabaseError) -> Fault {
    let code: i32 = error.code().and_then(|code| code.parse().ok()).unwrap_or_default();
    debug_assert!(error.try_downcast_ref::<SqliteError>().is_some());
    match code & 0xff {
        // SQLITE_BUSY, SQLITE_LOCKED
        5 | 6 => busy(),
        // SQLITE_READONLY
        8 => read_only(),
        // SQLITE_INTERRUPT, by the time limit.
        9 => timeout(),
        // SQLITE_FULL
        13 => full(),
        // SQLITE_NOMEM, SQLITE_TOOBIG
        7 | 18 => too_big(),
        // SQLITE_CONSTRAINT
        19 => broken(error, Code::FailedPrecondition, "CONSTRAINT_VIOLATION"),
        // SQLITE_ERROR, SQLITE_SCHEMA, SQLITE_MISMATCH, SQLITE_RANGE
        1 | 17 | 20 | 25 => invalid(error),
        _ => {
            tracing::error!(error = %error, "database failed");
            unavailable()
        }
    }
}

fn too_big() -> Fault {
    let message = "a value became bigger than the database allows; ask for less at a time";
    Fault::new(Code::ResourceExhausted, "VALUE_TOO_BIG", message)
}

/// SQLSTATE: <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn of_postgres(error: &PgDatabaseError) -> Fault {
    let state = error.code();
    let fault = match state {
        "40001" => Fault::new(Code::Aborted, "SERIALIZATION_FAILURE", "another call was faster; try the whole again"),
        "40P01" => Fault::new(Code::Aborted, "DEADLOCK", "two calls waited for each other; try the whole again"),
        "55P03" => busy(),
        "57014" => timeout(),
        "25006" => read_only(),
        "53100" => full(),
        "25P03" => Fault::new(Code::Aborted, "WORK_TIMEOUT", "the unit of work was idle for too long"),
        // There is no class of its own for it.
        "0A000" if error.message().contains("cached plan") => changed(),
        _ => match state.get(..2).unwrap_or_default() {
            "23" => broken(error, Code::FailedPrecondition, "CONSTRAINT_VIOLATION"),
            "22" | "42" | "0A" | "21" | "2B" => invalid(error),
            "54" | "53" => {
                tracing::warn!(error = %error, "database is out of something");
                too_big()
            }
            _ => {
                tracing::error!(error = %error, "database failed");
                unavailable()
            }
        },
    };
    fault.with("sqlstate", state)
}

/// A database's words may quote what it was given.
fn shortened(message: &str) -> String {
    message.chars().take(300).collect()
}
