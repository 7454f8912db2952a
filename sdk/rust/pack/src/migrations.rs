//! Reads the folder `migrations` beside a `fondaco.toml`.
//!
//! A migration is a file `NNNN_name.sql`, numbered from 1 without a gap: forward only, each exactly once, so a hole is
//! a file that was forgotten. Where the two databases' dialects differ, `NNNN_name.sqlite.sql` or
//! `NNNN_name.postgres.sql` stands in for (or beside) the portable file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::ManifestError;

/// The folder's name.
pub(crate) const FOLDER: &str = "migrations";
/// No service needs more before it squashes the old ones.
const MAX_MIGRATIONS: usize = 256;
/// Bytes of one migration's text.
const MAX_BYTES: u64 = 128 * 1024;

/// One step of a service's schema, as it is packed into `grants.sql.migrations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Migration {
    /// 1, 2, 3, …
    pub version: u32,
    /// What the file's name says behind the number.
    pub name: String,
    /// Its statements: for SQLite, and for PostgreSQL too where [`postgres`](Self::postgres) is absent.
    pub sql: String,
    /// Its statements for PostgreSQL, where they differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postgres: Option<String>,
}

/// The texts of one number, by dialect.
#[derive(Default)]
struct Texts {
    name: String,
    portable: Option<String>,
    sqlite: Option<String>,
    postgres: Option<String>,
}

/// The migrations in `folder`, in order; none where there is no such folder.
pub fn read_migrations(folder: &Path) -> Result<Vec<Migration>, ManifestError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut texts: BTreeMap<u32, Texts> = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, &error))? {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        enter(&mut texts, &path)?;
    }
    if texts.len() > MAX_MIGRATIONS {
        return Err(wrong(folder, format!("has {} migrations; at most {MAX_MIGRATIONS} are allowed", texts.len())));
    }
    let numbered = (1..).zip(texts);
    numbered.map(|(expected, (version, texts))| whole(folder, expected, version, texts)).collect()
}

/// Reads one file into the texts of its number.
fn enter(texts: &mut BTreeMap<u32, Texts>, path: &Path) -> Result<(), ManifestError> {
    let file_name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let parsed = parse(file_name);
    let (version, name, dialect) = parsed.ok_or_else(|| {
        wrong(
            path,
            "must be called NNNN_name.sql, NNNN_name.sqlite.sql or NNNN_name.postgres.sql, such as 0001_init.sql",
        )
    })?;
    let own = texts.entry(version).or_default();
    if own.name.is_empty() {
        name.clone_into(&mut own.name);
    } else if own.name != name {
        return Err(wrong(path, format!("has the same number as {version:04}_{}.sql", own.name)));
    }
    let text = Some(read(path)?);
    match dialect {
        Dialect::Portable => own.portable = text,
        Dialect::Sqlite => own.sqlite = text,
        Dialect::Postgres => own.postgres = text,
    }
    Ok(())
}

fn read(path: &Path) -> Result<String, ManifestError> {
    let length = fs::metadata(path).map_err(|error| unreadable(path, &error))?.len();
    if length > MAX_BYTES {
        return Err(wrong(path, format!("has {length} bytes; at most {MAX_BYTES} are allowed")));
    }
    let text = fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
    if text.trim().is_empty() {
        return Err(wrong(path, "is empty"));
    }
    Ok(text)
}

fn whole(folder: &Path, expected: u32, version: u32, texts: Texts) -> Result<Migration, ManifestError> {
    if version != expected {
        return Err(wrong(folder, format!("has no migration {expected:04}, but {version:04}_{}", texts.name)));
    }
    let Texts { name, portable, sqlite, postgres } = texts;
    let (sql, postgres) = match (sqlite, portable, postgres) {
        (None, Some(portable), postgres) => (portable, postgres),
        (Some(sqlite), portable, Some(postgres)) => {
            if portable.is_some() {
                let problem = format!("has {version:04}_{name} in both dialects: its portable file would never run");
                return Err(wrong(folder, problem));
            }
            (sqlite, Some(postgres))
        }
        (Some(sqlite), Some(portable), None) => (sqlite, Some(portable)),
        (Some(_), None, None) => return Err(one_sided(folder, version, &name, "postgres")),
        (None, None, _) => return Err(one_sided(folder, version, &name, "sqlite")),
    };
    Ok(Migration { version, name, sql, postgres })
}

fn one_sided(folder: &Path, version: u32, name: &str, missing: &str) -> ManifestError {
    wrong(folder, format!("lacks {version:04}_{name}.{missing}.sql, or a portable {version:04}_{name}.sql"))
}

enum Dialect {
    Portable,
    Sqlite,
    Postgres,
}

/// `0001_init.postgres.sql` → 1, `init`, Postgres.
fn parse(file_name: &str) -> Option<(u32, &str, Dialect)> {
    let stem = file_name.strip_suffix(".sql")?;
    let (number, rest) = stem.split_once('_')?;
    let (name, dialect) = match rest.split_once('.') {
        None => (rest, Dialect::Portable),
        Some((name, "sqlite")) => (name, Dialect::Sqlite),
        Some((name, "postgres")) => (name, Dialect::Postgres),
        Some(_) => return None,
    };
    let digits = number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit());
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
    let named = !name.is_empty() && name.len() <= 63 && name.bytes().all(word);
    if !digits || !named {
        return None;
    }
    Some((number.parse().ok()?, name, dialect))
}

fn wrong(path: &Path, problem: impl Into<String>) -> ManifestError {
    ManifestError::Migration { path: path.display().to_string(), problem: problem.into() }
}

fn unreadable(path: &Path, error: &std::io::Error) -> ManifestError {
    wrong(path, format!("cannot be read: {error}"))
}

#[cfg(test)]
mod tests;
