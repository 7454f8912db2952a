//! What a component says about itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::migrations::{FOLDER, Migration, read_migrations};

/// A guest's `fondaco.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Manifest {
    /// Its name: lower-case letters, digits and dashes, at most 63.
    pub name: String,
    /// Its version, by semver.
    pub version: semver::Version,
    /// One or two sentences, at most 1 KiB.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Services: a route for a function, `"POST /v1/pricing/quotes" = "quotes.quote"`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub routes: BTreeMap<String, String>,
    /// Services: functions that write nothing, `"quotes.quote"`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read_only: Vec<String>,
    /// Services: the capabilities that it is given, by name, each with what the capability wants to know. The shape
    /// of the values is each capability's own; here they are objects of bounded size.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub grants: BTreeMap<String, Value>,
    /// Plugins: a config that a merchant may start from, as JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_example: Option<String>,
}

/// What is wrong with a manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not TOML, or not of the manifest's shape.
    #[error("fondaco.toml: {0}")]
    Toml(#[from] toml::de::Error),
    /// The custom section is not JSON of the manifest's shape.
    #[error("manifest in the component: {0}")]
    Json(#[from] serde_json::Error),
    /// A field that no manifest has: most likely a typing error.
    #[error("manifest: unknown field `{field}`; expected one of {}", FIELDS.join(", "))]
    UnknownField {
        /// Its name.
        field: String,
    },
    /// A field out of its bounds.
    #[error("manifest: `{field}` {expected}, found `{found}`")]
    Field {
        /// Its path, for instance `grants.sql.migrations`.
        field: String,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// A file of the folder `migrations`.
    #[error("{path} {problem}")]
    Migration {
        /// The file or folder.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The `fondaco.toml` could not be read.
    #[error("{path}: {error}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why not.
        error: std::io::Error,
    },
}

const FIELDS: [&str; 7] = ["name", "version", "description", "routes", "read-only", "grants", "config-example"];
/// The host has no more capabilities than this.
const MAX_GRANTS: usize = 16;
/// Levels of a grant's value, itself included.
const MAX_DEPTH: usize = 8;
/// Entries of a list or object in a grant.
const MAX_ENTRIES: usize = 256;
/// Bytes of a text in a grant, packed migrations included.
const MAX_TEXT: usize = 128 * 1024;
/// The grant that migrations are packed into, and its field.
const SQL: &str = "sql";
const MIGRATIONS: &str = "migrations";
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

impl Manifest {
    /// Reads and checks a `fondaco.toml`.
    pub fn from_toml(text: &str) -> Result<Self, ManifestError> {
        let table: toml::Table = toml::from_str(text)?;
        if let Some(field) = table.keys().find(|key| !FIELDS.contains(&key.as_str())) {
            return Err(ManifestError::UnknownField { field: field.clone() });
        }
        let manifest: Self = toml::from_str(text)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Reads and checks a `fondaco.toml`, and packs the folder `migrations` beside it into `grants.sql.migrations`.
    pub fn from_file(path: &Path) -> Result<Self, ManifestError> {
        let unreadable = |error| ManifestError::Unreadable { path: path.display().to_string(), error };
        let mut manifest = Self::from_toml(&fs::read_to_string(path).map_err(unreadable)?)?;
        let folder = path.parent().unwrap_or(Path::new(".")).join(FOLDER);
        manifest.pack(&read_migrations(&folder)?)?;
        manifest.check()?;
        Ok(manifest)
    }

    fn pack(&mut self, migrations: &[Migration]) -> Result<(), ManifestError> {
        let sql = self.grants.get_mut(SQL).and_then(Value::as_object_mut);
        match sql {
            Some(sql) if sql.contains_key(MIGRATIONS) => {
                let found = "a list in fondaco.toml";
                Err(wrong("grants.sql.migrations", "must be files in the folder `migrations`", found))
            }
            Some(sql) => {
                sql.insert(MIGRATIONS.to_owned(), serde_json::to_value(migrations)?);
                Ok(())
            }
            None if migrations.is_empty() => Ok(()),
            None => Err(wrong("grants", "must have `[grants.sql]` where there are migrations", "none")),
        }
    }

    /// Reads and checks the JSON that stands in a component. Fields of later versions are passed over.
    pub(crate) fn from_json(json: &[u8]) -> Result<Self, ManifestError> {
        let manifest: Self = serde_json::from_slice(json)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Checks the bounds of all fields.
    pub fn check(&self) -> Result<(), ManifestError> {
        let must = |holds: bool, field: &str, expected, found: &str| {
            if holds {
                return Ok(());
            }
            Err(wrong(field, expected, found))
        };
        must(
            is_name(&self.name),
            "name",
            "must be 1 to 63 lower-case letters, digits and dashes, not a dash first",
            &self.name,
        )?;
        must(self.description.len() <= 1024, "description", "must be at most 1 KiB", &self.description)?;
        for (route, function) in &self.routes {
            must(is_route(route), "routes", "must have keys such as `POST /v1/quotes`", route)?;
            must(is_function(function), "routes", "must have values such as `quotes.quote`", function)?;
        }
        for function in &self.read_only {
            must(is_function(function), "read-only", "must list functions such as `quotes.quote`", function)?;
        }
        must(self.grants.len() <= MAX_GRANTS, "grants", "must be at most 16", &self.grants.len().to_string())?;
        for (name, grant) in &self.grants {
            must(is_name(name), "grants", "must have keys such as `sql`", name)?;
            let path = format!("grants.{name}");
            must(grant.is_object(), &path, "must be a table", &grant.to_string())?;
            check_value(&path, grant, MAX_DEPTH)?;
        }
        if let Some(example) = &self.config_example {
            let json = serde_json::from_str::<serde::de::IgnoredAny>(example).is_ok();
            must(json, "config-example", "must be JSON", example)?;
        }
        Ok(())
    }
}

fn wrong(field: &str, expected: &'static str, found: &str) -> ManifestError {
    ManifestError::Field { field: field.to_owned(), expected, found: found.chars().take(80).collect() }
}

/// Bounds of what a capability will be handed.
fn check_value(path: &str, value: &Value, depth: usize) -> Result<(), ManifestError> {
    let bounded = |length: usize| {
        if length <= MAX_ENTRIES && depth > 0 {
            return Ok(());
        }
        let expected = "must have at most 256 entries, and at most 8 levels";
        Err(wrong(path, expected, &format!("{length} entries")))
    };
    match value {
        // A number that JSON does not have (`inf`, `nan`) arrives as null; TOML has no null of its own.
        Value::Null => Err(wrong(path, "must be a finite number", "none")),
        Value::String(text) if text.len() > MAX_TEXT => {
            Err(wrong(path, "must be at most 128 KiB", &format!("{} bytes", text.len())))
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
        Value::Array(entries) => {
            bounded(entries.len())?;
            let mut numbered = entries.iter().enumerate();
            numbered.try_for_each(|(index, entry)| check_value(&format!("{path}[{index}]"), entry, depth - 1))
        }
        Value::Object(entries) => {
            bounded(entries.len())?;
            if let Some(date) = entries.get("$__toml_private_datetime") {
                return Err(wrong(path, "must be a text, not a date", &date.to_string()));
            }
            let mut named = entries.iter();
            named.try_for_each(|(name, entry)| check_value(&format!("{path}.{name}"), entry, depth - 1))
        }
    }
}

fn is_name(name: &str) -> bool {
    let word = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.len() <= 63
        && name.as_bytes().first().is_some_and(word)
        && name.bytes().all(|byte| word(&byte) || byte == b'-')
}

fn is_route(route: &str) -> bool {
    route.split_once(' ').is_some_and(|(method, path)| {
        METHODS.contains(&method) && path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic())
    })
}

fn is_function(function: &str) -> bool {
    function.split_once('.').is_some_and(|(interface, name)| is_name(interface) && is_name(name))
}

#[cfg(test)]
mod tests;
