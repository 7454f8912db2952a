//! Values on their way into a statement and out of a row.

use wasmtime::component::{ComponentType, Lift, Lower};

/// One value of a statement's parameters or of a row: what both databases have.
#[derive(Debug, Clone, PartialEq, ComponentType, Lift, Lower)]
#[component(variant)]
pub enum Value {
    /// SQL's null.
    #[component(name = "null")]
    Null,
    /// `BOOLEAN`. A parameter of it is 0 or 1 in SQLite; a column of a table that is declared `BOOLEAN` comes back as
    /// one, the result of an expression as an integer.
    #[component(name = "boolean")]
    Boolean(bool),
    /// `BIGINT`, and all narrower integers.
    #[component(name = "integer")]
    Integer(i64),
    /// `DOUBLE PRECISION`. No NaN and no infinity: SQLite has neither.
    #[component(name = "real")]
    Real(f64),
    /// `TEXT`, without the character NUL, which PostgreSQL does not have.
    #[component(name = "text")]
    Text(String),
    /// `BYTEA` or `BLOB`, which are one here.
    #[component(name = "bytes")]
    Bytes(Vec<u8>),
}

impl Value {
    /// What it is, for messages.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "boolean",
            Self::Integer(_) => "integer",
            Self::Real(_) => "real",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
        }
    }

    /// What it counts for against the limits of a result, in bytes.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Null | Self::Boolean(_) => 1,
            Self::Integer(_) | Self::Real(_) => 8,
            Self::Text(text) => text.len() + 8,
            Self::Bytes(bytes) => bytes.len() + 8,
        }
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Bytes(value)
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// What a query answered.
#[derive(Debug, Clone, Default, PartialEq, ComponentType, Lower)]
#[component(record)]
pub struct Rows {
    /// The columns' names, in the order of each row's values; none where there are no rows.
    pub columns: Vec<String>,
    /// The rows, in the order in which the database gave them.
    pub rows: Vec<Vec<Value>>,
}
