//! Names, functions and types that a statement may use.

use sqlparser::ast::{CharacterLength, DataType, Ident, ObjectName, TableAlias};

use super::{Check, Checker, Dialect, Refusal};

/// PostgreSQL cuts off what is longer, and then two names are one.
const MAX_NAME: usize = 63;

/// Beginnings of names that are the databases' or the host's.
const RESERVED: [&str; 5] = ["fondaco_", "sqlite_", "pg_", "pragma_", "information_schema"];

/// Words that PostgreSQL takes for calls.
const CALLS: [&str; 12] = [
    "current_user",
    "session_user",
    "system_user",
    "user",
    "current_role",
    "current_catalog",
    "current_schema",
    "current_date",
    "current_time",
    "current_timestamp",
    "localtime",
    "localtimestamp",
];

/// SQLite's tables that exist in every database without having been made.
const VIRTUAL: [&str; 15] = [
    "dbstat",
    "bytecode",
    "tables_used",
    "json_each",
    "json_tree",
    "jsonb_each",
    "jsonb_tree",
    "generate_series",
    "fts3tokenize",
    "fts5vocab",
    "rtreecheck",
    "completion",
    "fsdir",
    "zipfile",
    "carray",
];

/// Functions that both databases have, with the same meaning.
const FUNCTIONS: [&str; 32] = [
    // Aggregates.
    "count",
    "sum",
    "avg",
    "min",
    "max",
    "string_agg",
    // Of values.
    "abs",
    "coalesce",
    "concat",
    "concat_ws",
    "greatest",
    "least",
    "length",
    "lower",
    "ltrim",
    "nullif",
    "octet_length",
    "replace",
    "round",
    "rtrim",
    "sign",
    "substr",
    "trim",
    "upper",
    // Windows.
    "row_number",
    "rank",
    "dense_rank",
    "ntile",
    "lag",
    "lead",
    "first_value",
    "last_value",
];

/// Checks a name, wherever it stands: of a table, a column, an alias.
pub(super) fn name(ident: &Ident) -> Check {
    let Ident { value, quote_style, span } = ident;
    let refused = |what: String| Err(Refusal::at(what, span.start));
    if !matches!(quote_style, None | Some('"')) {
        return refused("this way of quoting a name is not allowed".to_owned());
    }
    let first = value.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    let plain = first && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !plain || value.len() > MAX_NAME {
        let shown: String = value.chars().take(MAX_NAME).collect();
        return refused(format!("the name `{shown}` is not 1 to {MAX_NAME} of A-Z, a-z, 0-9 and _"));
    }
    let lower = value.to_ascii_lowercase();
    if RESERVED.iter().any(|reserved| lower.starts_with(reserved)) || CALLS.contains(&&*lower) {
        return refused(format!("the name `{value}` is reserved"));
    }
    Ok(())
}

/// A name without a schema in front.
pub(super) fn own_name(names: &ObjectName) -> Check {
    match names.0.as_slice() {
        [part] => match part.as_ident() {
            Some(ident) => name(ident),
            None => Err(Refusal::new(format!("the name `{names}` is not allowed"))),
        },
        _ => Err(Refusal::new(format!("the qualified name `{}` is not allowed", first_words(&names.to_string())))),
    }
}

/// The same for a table.
pub(super) fn table_name(names: &ObjectName) -> Check {
    own_name(names)?;
    let lower = names.to_string().to_ascii_lowercase();
    let bare = lower.trim_matches('"');
    if VIRTUAL.contains(&bare) {
        return Err(Refusal::new(format!("the table `{names}` is reserved")));
    }
    Ok(())
}

pub(super) fn alias(alias: Option<&TableAlias>) -> Check {
    let Some(TableAlias { explicit: _, name: own, columns, at }) = alias else { return Ok(()) };
    super::never(at.is_some(), "AT")?;
    name(own)?;
    for column in columns {
        super::never(column.data_type.is_some(), "a type in an alias")?;
        name(&column.name)?;
    }
    Ok(())
}

/// Checks the name of a function, and writes it as the database has it.
pub(super) fn function(names: &mut ObjectName, dialect: Dialect) -> Check {
    let found = match names.0.as_slice() {
        [part] => part.as_ident().filter(|ident| ident.quote_style.is_none()),
        _ => None,
    };
    let lower = found.map(|ident| ident.value.to_ascii_lowercase());
    let known = lower.as_deref().and_then(|lower| FUNCTIONS.iter().find(|function| **function == lower));
    match (known, dialect) {
        (Some(&"greatest"), Dialect::Sqlite) => *names = ObjectName::from(vec![Ident::new("max")]),
        (Some(&"least"), Dialect::Sqlite) => *names = ObjectName::from(vec![Ident::new("min")]),
        (Some(_), _) => {}
        (None, _) => {
            let at = found.map(|ident| ident.span.start);
            let what = format!("the function `{}` is not allowed", first_words(&names.to_string()));
            return Err(Refusal { what, at });
        }
    }
    Ok(())
}

impl Checker {
    /// Checks a type, and writes it as the database has it.
    pub(super) fn data_type(&self, ty: &mut DataType) -> Check {
        match ty {
            DataType::Blob(None) | DataType::Bytea => {
                *ty = match self.dialect {
                    Dialect::Sqlite => DataType::Blob(None),
                    Dialect::Postgres => DataType::Bytea,
                };
                Ok(())
            }
            // What sqlx knows of SQLite's columns goes by these names.
            DataType::Bool => {
                *ty = DataType::Boolean;
                Ok(())
            }
            DataType::BigInt(None)
            | DataType::Integer(None)
            | DataType::Int(None)
            | DataType::SmallInt(None)
            | DataType::Text
            | DataType::Varchar(None | Some(CharacterLength::IntegerLength { unit: None, .. }))
            | DataType::Boolean
            | DataType::Real
            | DataType::DoublePrecision => Ok(()),
            DataType::JSON | DataType::JSONB if self.dialect == Dialect::Postgres => Ok(()),
            other => Err(Refusal::new(format!(
                "the type `{}` is not allowed; there are BIGINT, TEXT, BOOLEAN, DOUBLE PRECISION, BYTEA",
                first_words(&other.to_string())
            ))),
        }
    }
}

/// The beginning of a text, for messages.
pub(super) fn first_words(text: &str) -> String {
    text.chars().take(60).collect()
}
