//! SQLite in memory, with the host's unit of work around it.

use std::cell::{Cell, RefCell};

use rusqlite::fallible_iterator::FallibleIterator as _;
use rusqlite::types::{Value as Native, ValueRef};
use rusqlite::{Batch, Connection, ErrorCode, Statement};

use crate::bindings::fondaco::host::sql::{Rows, Value};
use crate::{Code, Fault, fault};

/// What a house keeps its tables in: SQLite in memory, or another database for the same tests.
pub trait Engine: std::fmt::Debug {
    /// Whether the call that begins may only read.
    fn set_read_only(&self, read_only: bool);
    /// Opens the unit of work, unless it is open.
    fn begin(&self) -> Result<(), Fault>;
    /// Whether it is open.
    fn is_open(&self) -> bool;
    /// Commits what is open.
    fn commit(&self) -> Result<(), Fault>;
    /// Rolls back what is open.
    fn roll_back(&self);
    /// As `fondaco:host/sql` has it.
    fn query(&self, statement: &str, parameters: &[Value]) -> Result<Rows, Fault>;
    /// As `fondaco:host/sql` has it.
    fn execute(&self, statement: &str, parameters: &[Value]) -> Result<u64, Fault>;
}

#[derive(Debug)]
pub(super) struct Database {
    connection: RefCell<Connection>,
    read_only: Cell<bool>,
    /// A change failed: nothing more can be kept, as in PostgreSQL.
    failed: Cell<bool>,
}

impl Database {
    /// With these scripts run, in their order.
    pub(super) fn new(scripts: &[&str]) -> Result<Self, Fault> {
        let connection = Connection::open_in_memory().map_err(|error| fault_of("open", &error))?;
        connection.execute_batch("PRAGMA foreign_keys = ON").map_err(|error| fault_of("open", &error))?;
        for script in scripts {
            connection.execute_batch(script).map_err(|error| fault_of(script, &error))?;
        }
        Ok(Self { connection: RefCell::new(connection), read_only: Cell::new(false), failed: Cell::new(false) })
    }

    fn must_not_have_failed(&self) -> Result<(), Fault> {
        if self.failed.get() {
            let message = "A change of this unit of work failed before; nothing more can be kept.";
            return Err(Fault::new(Code::Aborted, "WORK_FAILED", message));
        }
        Ok(())
    }

    fn rows(&self, statement: &str, parameters: &[Value]) -> Result<Rows, Fault> {
        let refused = |error| fault_of(statement, &error);
        let connection = self.connection.borrow();
        let mut prepared = connection.prepare(statement).map_err(refused)?;
        bind(&mut prepared, statement, parameters)?;
        let mut columns: Vec<String> = prepared.column_names().into_iter().map(str::to_owned).collect();
        let mut found = prepared.raw_query();
        let mut rows = Vec::new();
        while let Some(row) = found.next().map_err(refused)? {
            let values = (0..columns.len()).map(|index| Ok(value_of(row.get_ref(index)?)));
            rows.push(values.collect::<Result<_, rusqlite::Error>>().map_err(refused)?);
        }
        if rows.is_empty() {
            columns.clear();
        }
        Ok(Rows { columns, rows })
    }

    fn change(&self, statement: &str, parameters: &[Value]) -> Result<u64, Fault> {
        let refused = |error| fault_of(statement, &error);
        let connection = self.connection.borrow();
        let mut prepared = connection.prepare(statement).map_err(refused)?;
        bind(&mut prepared, statement, parameters)?;
        let changed = prepared.raw_execute().map_err(refused)?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    /// Whether the statement writes nothing. Also refuses what is more than one statement.
    fn reads_only(&self, statement: &str) -> Result<bool, Fault> {
        let connection = self.connection.borrow();
        let mut several = Batch::new(&connection, statement);
        let first = several.next().map_err(|error| fault_of(statement, &error))?.map(|first| first.readonly());
        let second = several.next().map(|second| second.is_some());
        match (first, second) {
            (Some(reads_only), Ok(false)) => Ok(reads_only),
            _ => Err(Fault::new(Code::InvalidArgument, "STATEMENT_REFUSED", format!("Not one statement: {statement}"))),
        }
    }
}

impl Engine for Database {
    fn set_read_only(&self, read_only: bool) {
        self.read_only.set(read_only);
    }

    fn begin(&self) -> Result<(), Fault> {
        self.must_not_have_failed()?;
        if self.read_only.get() {
            let message = "This function is read-only by its manifest; it cannot write.";
            return Err(fault::precondition("READ_ONLY", message));
        }
        let connection = self.connection.borrow();
        if connection.is_autocommit() {
            connection.execute_batch("BEGIN IMMEDIATE").map_err(|error| fault_of("BEGIN", &error))?;
        }
        Ok(())
    }

    fn is_open(&self) -> bool {
        !self.connection.borrow().is_autocommit()
    }

    fn commit(&self) -> Result<(), Fault> {
        self.must_not_have_failed()?;
        let connection = self.connection.borrow();
        if !connection.is_autocommit() {
            connection.execute_batch("COMMIT").map_err(|error| fault_of("COMMIT", &error))?;
        }
        Ok(())
    }

    fn roll_back(&self) {
        self.failed.set(false);
        let connection = self.connection.borrow();
        if !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
    }

    fn query(&self, statement: &str, parameters: &[Value]) -> Result<Rows, Fault> {
        let reads_only = self.reads_only(statement)?;
        if !reads_only {
            self.begin()?;
        }
        let rows = self.rows(statement, parameters);
        self.failed.set(self.failed.get() || (rows.is_err() && !reads_only));
        rows
    }

    fn execute(&self, statement: &str, parameters: &[Value]) -> Result<u64, Fault> {
        self.reads_only(statement)?;
        self.begin()?;
        let changed = self.change(statement, parameters);
        self.failed.set(self.failed.get() || changed.is_err());
        changed
    }
}

/// `$3` is the third parameter, however often and in whatever order it is used. There are exactly as many as the
/// statement names.
fn bind(prepared: &mut Statement<'_>, statement: &str, parameters: &[Value]) -> Result<(), Fault> {
    let refused =
        |problem: String| Fault::new(Code::InvalidArgument, "INVALID_PARAMETER", format!("{problem} in {statement}"));
    let mut named = 0;
    for index in 1..=prepared.parameter_count() {
        let name = prepared.parameter_name(index).unwrap_or("?").to_owned();
        let number = name.strip_prefix('$').and_then(|number| number.parse::<usize>().ok()).unwrap_or_default();
        let value = number.checked_sub(1).and_then(|place| parameters.get(place));
        let value = value.ok_or_else(|| refused(format!("there is no value for `{name}`")))?;
        prepared.raw_bind_parameter(index, native(value)).map_err(|error| fault_of(statement, &error))?;
        named = named.max(number);
    }
    if named < parameters.len() {
        return Err(refused(format!("there are {} values and only {named} parameters", parameters.len())));
    }
    Ok(())
}

fn native(value: &Value) -> Native {
    match value {
        Value::Null => Native::Null,
        Value::Boolean(value) => Native::Integer((*value).into()),
        Value::Integer(value) => Native::Integer(*value),
        Value::Real(value) => Native::Real(*value),
        Value::Text(value) => Native::Text(value.clone()),
        Value::Bytes(value) => Native::Blob(value.clone()),
    }
}

fn value_of(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Integer(value),
        ValueRef::Real(value) => Value::Real(value),
        ValueRef::Text(value) => Value::Text(String::from_utf8_lossy(value).into_owned()),
        ValueRef::Blob(value) => Value::Bytes(value.to_vec()),
    }
}

fn fault_of(statement: &str, error: &rusqlite::Error) -> Fault {
    use rusqlite::ffi;
    let extended = error.sqlite_error().map(|error| (error.code, error.extended_code));
    let (code, reason) = match extended {
        Some((_, ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY)) => {
            (Code::AlreadyExists, "UNIQUE_VIOLATION")
        }
        Some((_, ffi::SQLITE_CONSTRAINT_FOREIGNKEY)) => (Code::FailedPrecondition, "FOREIGN_KEY_VIOLATION"),
        Some((_, ffi::SQLITE_CONSTRAINT_NOTNULL)) => (Code::FailedPrecondition, "NOT_NULL_VIOLATION"),
        Some((_, ffi::SQLITE_CONSTRAINT_CHECK)) => (Code::FailedPrecondition, "CHECK_VIOLATION"),
        Some((ErrorCode::ConstraintViolation, _)) => (Code::FailedPrecondition, "CONSTRAINT_VIOLATION"),
        _ => (Code::InvalidArgument, "SQL_ERROR"),
    };
    Fault::new(code, reason, format!("{error}: {statement}"))
}
