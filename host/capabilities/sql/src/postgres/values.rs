//! Values in PostgreSQL's binary form: <https://www.postgresql.org/docs/current/protocol-overview.html>.
//!
//! The server says of what types a statement's parameters are, and a value is written as that type: an integer where a
//! `BIGINT` is compared and where a `SMALLINT` is stored. sqlx would do it the other way round and name the type by the
//! value, so that the first caller's value decides for all who use the prepared statement after him.

use std::sync::Arc;

use fondaco_engine::Fault;
use moka::sync::Cache;
use sqlx::encode::{Encode, IsNull};
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgRow, PgTypeInfo};
use sqlx::{
    Arguments as _, AssertSqlSafe, Column as _, Either, Executor as _, PgConnection, Postgres, Row as _,
    SqlSafeStr as _, Statement as _, Type, TypeInfo as _, ValueRef as _,
};

use super::numeric;
use crate::{Value, fault};

/// Texts of statements with their parameters' types, all together.
const CACHE_BYTES: u64 = 32 << 20;

type Types = Arc<[PgTypeInfo]>;

/// What the server said of statements' parameters.
pub(super) struct ParameterTypes(Cache<Arc<str>, Types>);

impl ParameterTypes {
    pub(super) fn new() -> Self {
        let weight = |text: &Arc<str>, types: &Types| {
            u32::try_from(text.len() + types.len() * size_of::<PgTypeInfo>() + 128).unwrap_or(u32::MAX)
        };
        Self(Cache::builder().weigher(weight).max_capacity(CACHE_BYTES).build())
    }

    /// The types of a statement's parameters; asked once a text.
    pub(super) async fn of(
        &self,
        connection: &mut PgConnection,
        text: &Arc<str>,
        count: usize,
    ) -> Result<Types, Fault> {
        if count == 0 {
            return Ok(Arc::default());
        }
        if let Some(types) = self.0.get(text) {
            return Ok(types);
        }
        let statement = AssertSqlSafe(Arc::clone(text)).into_sql_str();
        let prepared = connection.prepare_with(statement, &[]).await.map_err(|error| fault::of(&error))?;
        let types: Types = match prepared.parameters() {
            Some(Either::Left(types)) => types.into(),
            _ => Arc::default(),
        };
        self.0.insert(Arc::clone(text), Arc::clone(&types));
        Ok(types)
    }
}

/// Types by their numbers, which never change: `pg_type.dat` of PostgreSQL's source.
mod oid {
    pub(super) const BOOL: u32 = 16;
    pub(super) const BYTEA: u32 = 17;
    pub(super) const NAME: u32 = 19;
    pub(super) const INT8: u32 = 20;
    pub(super) const INT2: u32 = 21;
    pub(super) const INT4: u32 = 23;
    pub(super) const TEXT: u32 = 25;
    pub(super) const JSON: u32 = 114;
    pub(super) const FLOAT4: u32 = 700;
    pub(super) const FLOAT8: u32 = 701;
    pub(super) const UNKNOWN: u32 = 705;
    pub(super) const BPCHAR: u32 = 1042;
    pub(super) const VARCHAR: u32 = 1043;
    pub(super) const NUMERIC: u32 = 1700;
    pub(super) const JSONB: u32 = 3802;
}

fn number(ty: &PgTypeInfo) -> u32 {
    ty.oid().map_or(0, |Oid(number)| number)
}

/// A value on its way into a parameter of a type.
struct Bound<'a> {
    value: &'a Value,
    ty: &'a PgTypeInfo,
}

impl Type<Postgres> for Bound<'_> {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(Oid(oid::UNKNOWN))
    }
}

impl Encode<'_, Postgres> for Bound<'_> {
    fn produces(&self) -> Option<PgTypeInfo> {
        Some(self.ty.clone())
    }

    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, sqlx::error::BoxDynError> {
        let mismatch = || format!("is {}, and the database expects {}; CAST it", self.value.kind(), self.ty.name());
        match (self.value, number(self.ty)) {
            (Value::Null, _) => return Ok(IsNull::Yes),
            (Value::Boolean(value), oid::BOOL) => buffer.push(u8::from(*value)),
            (Value::Integer(value), oid::INT8) => buffer.extend(value.to_be_bytes()),
            (Value::Integer(value), oid::INT4) => {
                buffer.extend(i32::try_from(*value).map_err(|_| mismatch())?.to_be_bytes());
            }
            (Value::Integer(value), oid::INT2) => {
                buffer.extend(i16::try_from(*value).map_err(|_| mismatch())?.to_be_bytes());
            }
            (Value::Integer(value), oid::NUMERIC) => numeric::write(*value, buffer),
            #[expect(clippy::cast_precision_loss, reason = "as PostgreSQL itself makes a double of a bigint")]
            (Value::Integer(value), oid::FLOAT8) => buffer.extend((*value as f64).to_be_bytes()),
            (Value::Real(value), oid::FLOAT8) => buffer.extend(value.to_be_bytes()),
            #[expect(clippy::cast_possible_truncation, reason = "the column has no more places")]
            (Value::Real(value), oid::FLOAT4) => buffer.extend((*value as f32).to_be_bytes()),
            (Value::Text(value), oid::TEXT | oid::VARCHAR | oid::BPCHAR | oid::NAME | oid::UNKNOWN | oid::JSON) => {
                buffer.extend_from_slice(value.as_bytes());
            }
            (Value::Text(value), oid::JSONB) => {
                // Its version.
                buffer.push(1);
                buffer.extend_from_slice(value.as_bytes());
            }
            (Value::Bytes(value), oid::BYTEA) => buffer.extend_from_slice(value),
            _ => return Err(mismatch().into()),
        }
        Ok(IsNull::No)
    }
}

pub(super) fn arguments(types: &[PgTypeInfo], parameters: &[Value]) -> Result<PgArguments, Fault> {
    if types.len() != parameters.len() {
        let message = format!("the database finds {} parameters, not {}", types.len(), parameters.len());
        return Err(fault::parameter(message));
    }
    let mut arguments = PgArguments::default();
    for (index, (ty, value)) in types.iter().zip(parameters).enumerate() {
        let added = arguments.add(Bound { value, ty });
        added.map_err(|error| fault::parameter(format!("parameter ${} {error}", index + 1)))?;
    }
    Ok(arguments)
}

pub(super) fn columns(row: &PgRow) -> Vec<String> {
    row.columns().iter().map(|column| column.name().to_owned()).collect()
}

pub(super) fn row(row: &PgRow) -> Result<Vec<Value>, Fault> {
    row.columns().iter().map(|column| value(row, column)).collect()
}

fn value(row: &PgRow, column: &sqlx::postgres::PgColumn) -> Result<Value, Fault> {
    let raw = row.try_get_raw(column.ordinal()).map_err(|error| fault::of(&error))?;
    if raw.is_null() {
        return Ok(Value::Null);
    }
    let bytes = raw.as_bytes().map_err(|error| Fault::internal(error.to_string()))?;
    decoded(number(column.type_info()), bytes)
        .ok_or_else(|| fault::unsupported(column.name(), column.type_info().name()))
}

fn decoded(ty: u32, bytes: &[u8]) -> Option<Value> {
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(Value::from);
    match ty {
        oid::BOOL => bytes.first().map(|byte| Value::Boolean(*byte != 0)),
        oid::INT8 => bytes.try_into().ok().map(|bytes| Value::Integer(i64::from_be_bytes(bytes))),
        oid::INT4 => bytes.try_into().ok().map(|bytes| Value::Integer(i32::from_be_bytes(bytes).into())),
        oid::INT2 => bytes.try_into().ok().map(|bytes| Value::Integer(i16::from_be_bytes(bytes).into())),
        oid::FLOAT8 => bytes.try_into().ok().map(|bytes| Value::Real(f64::from_be_bytes(bytes))),
        oid::FLOAT4 => bytes.try_into().ok().map(|bytes| Value::Real(f32::from_be_bytes(bytes).into())),
        oid::TEXT | oid::VARCHAR | oid::BPCHAR | oid::NAME | oid::UNKNOWN | oid::JSON => text(bytes),
        oid::JSONB => bytes.split_first().and_then(|(_, rest)| text(rest)),
        oid::BYTEA => Some(Value::Bytes(bytes.to_vec())),
        oid::NUMERIC => numeric::read(bytes),
        _ => None,
    }
}
