//! What all tables of numbered things have in common: numbers, versions, documents.

use fondaco_service::prelude::*;
use fondaco_service::sql::{Json, Statement};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::content::{self, Content};
use crate::slugs;

/// A kind of thing, by its table.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) table: &'static str,
    /// `product`.
    pub(crate) name: &'static str,
    /// `PRODUCT`, as its reasons begin.
    pub(crate) reason: &'static str,
    /// `PRODUCTS`.
    pub(crate) reasons: &'static str,
}

/// What a list answers where no limit is asked for, and at most.
const LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 100;
/// Bytes of a document: all that its parts may be at once is more than a database answers.
const MAX_DOCUMENT: usize = 256 * 1024;

impl Kind {
    /// A new number.
    pub(crate) fn next_id(&self) -> Result<i64, Fault> {
        let statement = "INSERT INTO sequences (name, last) VALUES ($1, 1)
            ON CONFLICT (name) DO UPDATE SET last = sequences.last + 1 RETURNING last";
        sql::one::<(i64,)>(statement, params![self.name]).map(|(id,)| id)
    }

    /// There is none with that id.
    pub(crate) fn missing(&self, id: i64) -> Fault {
        let message = format!("There is no {} {id}.", self.name);
        fault::not_found(&format!("{}_NOT_FOUND", self.reason), message).with("id", id.to_string())
    }

    /// Refuses one more than `most`.
    pub(crate) fn room(&self, most: i64) -> Result<(), Fault> {
        let (there,) = sql::one::<(i64,)>(&format!("SELECT COUNT(*) FROM {}", self.table), params![])?;
        if there < most {
            return Ok(());
        }
        let message = format!("There are {there} {}; no more are allowed.", self.table);
        Err(fault::exhausted(&format!("TOO_MANY_{}", self.reasons), message))
    }

    /// Counts a change, where it is still at `if_version`; answers the new version. The statement itself is the guard:
    /// of two editors with the same version one gets through.
    pub(crate) fn bump(&self, id: i64, if_version: Option<u64>) -> Result<i64, Fault> {
        let mut statement = Statement::new(&format!("UPDATE {} SET version = version + 1 WHERE id = ", self.table));
        statement.bind(id);
        if let Some(version) = if_version {
            statement.push(" AND version = ").bind(signed(version));
        }
        let bumped = statement.push(" RETURNING version").query::<(i64,)>()?;
        bumped.first().map_or_else(|| Err(self.untouched(id, if_version)), |(version,)| Ok(*version))
    }

    /// Deletes a row, where it is still at `if_version`.
    pub(crate) fn delete_row(&self, id: i64, if_version: Option<u64>) -> Result<(), Fault> {
        let mut statement = Statement::new(&format!("DELETE FROM {} WHERE id = ", self.table));
        statement.bind(id);
        if let Some(version) = if_version {
            statement.push(" AND version = ").bind(signed(version));
        }
        if statement.execute()? == 0 { Err(self.untouched(id, if_version)) } else { Ok(()) }
    }

    /// Why no row was touched.
    fn untouched(&self, id: i64, if_version: Option<u64>) -> Fault {
        let statement = format!("SELECT version FROM {} WHERE id = $1", self.table);
        let found = match sql::optional::<(i64,)>(&statement, params![id]) {
            Ok(found) => found,
            Err(fault) => return fault,
        };
        let (Some((version,)), Some(wanted)) = (found, if_version) else { return self.missing(id) };
        let message = format!(
            "The {} {id} is at version {version}, not {wanted}: somebody changed it; look again, repeat.",
            self.name
        );
        fault::conflict("VERSION_MISMATCH", message).with("version", version.to_string())
    }

    /// Its slug as it is now.
    pub(crate) fn slug_of(&self, id: i64) -> Result<String, Fault> {
        let statement = format!("SELECT slug FROM {} WHERE id = $1", self.table);
        let found = sql::optional::<(String,)>(&statement, params![id])?;
        found.map(|(slug,)| slug).ok_or_else(|| self.missing(id))
    }
}

/// A row of a table that has nothing but a document: collections and pages.
#[derive(FromRow)]
struct Entry {
    id: i64,
    version: i64,
    document: String,
}

/// One entry with its content, in the language of `locale`.
pub(crate) struct Read<T> {
    pub(crate) id: i64,
    pub(crate) version: u64,
    pub(crate) content: T,
}

impl Entry {
    fn read<T: Content + DeserializeOwned>(self, kind: &Kind, locale: Option<&str>) -> Result<Read<T>, Fault> {
        let mut content = document(kind, self.id, &self.document)?;
        content::localize(&mut content, locale);
        Ok(Read { id: self.id, version: unsigned(self.version), content })
    }
}

/// A document's text. What is larger would not come back in a list.
pub(crate) fn text_of<T: Serialize>(content: &T) -> Result<String, Fault> {
    let text = Json(content).text()?;
    if text.len() > MAX_DOCUMENT {
        let expected = format!("at most {MAX_DOCUMENT} bytes as JSON, without variants");
        return Err(fault::invalid(".", &expected, format!("{} bytes", text.len())));
    }
    Ok(text)
}

/// Reads a document.
pub(crate) fn document<T: DeserializeOwned>(kind: &Kind, id: i64, json: &str) -> Result<T, Fault> {
    serde_json::from_str(json).map_err(|error| {
        let message = format!("The document of {} {id} cannot be read: {error}", kind.name);
        fault::internal("BAD_DOCUMENT", message)
    })
}

/// One entry.
pub(crate) fn get<T>(kind: &Kind, id: i64, locale: Option<&str>) -> Result<Read<T>, Fault>
where
    T: Content + DeserializeOwned,
{
    let statement = format!("SELECT id, version, document FROM {} WHERE id = $1", kind.table);
    let entry: Option<Entry> = sql::optional(&statement, params![id])?;
    entry.ok_or_else(|| kind.missing(id))?.read(kind, locale)
}

/// Entries behind `after`.
pub(crate) fn list<T>(
    kind: &Kind,
    after: Option<i64>,
    limit: Option<u32>,
    locale: Option<&str>,
) -> Result<Vec<Read<T>>, Fault>
where
    T: Content + DeserializeOwned,
{
    let limit = page_size(limit)?;
    let statement = format!("SELECT id, version, document FROM {} WHERE id > $1 ORDER BY id LIMIT $2", kind.table);
    let entries: Vec<Entry> = sql::query(&statement, params![after.unwrap_or(0), limit])?;
    entries.into_iter().map(|entry| entry.read(kind, locale)).collect()
}

/// Writes a new entry; answers its id.
pub(crate) fn create<T: Content + Serialize>(kind: &Kind, content: &T, most: i64) -> Result<i64, Fault> {
    kind.room(most)?;
    let id = kind.next_id()?;
    slugs::claim(kind, id, content.slug(), None)?;
    let statement = format!("INSERT INTO {} (id, version, slug, document) VALUES ($1, 1, $2, $3)", kind.table);
    sql::execute(&statement, params![id, content.slug(), text_of(content)?])?;
    Ok(id)
}

/// Replaces an entry's content; answers its new version.
pub(crate) fn update<T>(kind: &Kind, id: i64, if_version: Option<u64>, content: &T) -> Result<u64, Fault>
where
    T: Content + Serialize,
{
    let version = kind.bump(id, if_version)?;
    let before = kind.slug_of(id)?;
    slugs::claim(kind, id, content.slug(), Some(&before))?;
    let statement = format!("UPDATE {} SET slug = $2, document = $3 WHERE id = $1", kind.table);
    sql::execute(&statement, params![id, content.slug(), text_of(content)?])?;
    Ok(unsigned(version))
}

/// Deletes an entry and its slug.
pub(crate) fn delete(kind: &Kind, id: i64, if_version: Option<u64>) -> Result<(), Fault> {
    let slug = kind.slug_of(id)?;
    kind.delete_row(id, if_version)?;
    slugs::release(&slug)
}

/// How many a list answers.
pub(crate) fn page_size(limit: Option<u32>) -> Result<u32, Fault> {
    let limit = limit.unwrap_or(LIMIT);
    if (1..=MAX_LIMIT).contains(&limit) {
        return Ok(limit);
    }
    Err(fault::invalid("limit", "1 to 100", limit))
}

pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
