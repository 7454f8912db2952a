//! The tree of categories. Each row has its whole path of ids, so that all below it are found by its beginning.

use fondaco_service::events;
use fondaco_service::prelude::*;
use fondaco_service::sql::Statement;

use crate::contract::{Category, CategoryDraft};
use crate::entries::{Kind, document, text_of, unsigned};
use crate::events::CategoryChanged;
use crate::{content, slugs};

pub(crate) const KIND: Kind = Kind { table: "categories", name: "category", reason: "CATEGORY", reasons: "CATEGORIES" };
const MOST: i64 = 10_000;
const MAX_DEPTH: usize = 8;
/// What one list of children answers.
const CHILDREN: u32 = 1_000;

#[derive(FromRow)]
struct Row {
    id: i64,
    version: i64,
    path: String,
    document: String,
}

impl Row {
    fn category(self, locale: Option<&str>) -> Result<Category, Fault> {
        let mut content: CategoryDraft = document(&KIND, self.id, &self.document)?;
        content::localize(&mut content, locale);
        Ok(Category { id: self.id, version: unsigned(self.version), path: ids(&self.path), content })
    }
}

/// One category.
pub fn get(id: i64, locale: Option<&str>) -> Result<Category, Fault> {
    let statement = "SELECT id, version, path, document FROM categories WHERE id = $1";
    let row: Option<Row> = sql::optional(statement, params![id])?;
    row.ok_or_else(|| KIND.missing(id))?.category(locale)
}

/// The categories right below one, or those at the top.
pub fn children(parent: Option<i64>, locale: Option<&str>) -> Result<Vec<Category>, Fault> {
    let mut statement = Statement::new("SELECT id, version, path, document FROM categories WHERE parent_id ");
    match parent {
        Some(parent) => statement.push("= ").bind(parent),
        None => statement.push("IS NULL"),
    };
    statement.push(" ORDER BY sort_order, id LIMIT ").bind(CHILDREN);
    statement.query::<Row>()?.into_iter().map(|row| row.category(locale)).collect()
}

/// Makes a category.
pub fn create(mut draft: CategoryDraft) -> Result<Category, Fault> {
    content::check(&mut draft)?;
    KIND.room(MOST)?;
    let above = draft.parent.map_or(Ok("/".to_owned()), path_of)?;
    let id = KIND.next_id()?;
    let path = format!("{above}{id}/");
    check_depth(ids(&path).len())?;
    slugs::claim(&KIND, id, &draft.slug, None)?;
    sql::execute(
        "INSERT INTO categories (id, version, slug, parent_id, path, sort_order, document)
         VALUES ($1, 1, $2, $3, $4, $5, $6)",
        params![id, &draft.slug, draft.parent, &path, draft.position, text_of(&draft)?],
    )?;
    events::publish(&CategoryChanged { category: id, deleted: false })?;
    Ok(Category { id, version: 1, path: ids(&path), content: draft })
}

/// Replaces all that stands in a category, and moves it where its parent is another one.
pub fn update(id: i64, if_version: Option<u64>, mut draft: CategoryDraft) -> Result<Category, Fault> {
    content::check(&mut draft)?;
    let version = KIND.bump(id, if_version)?;
    let slug = KIND.slug_of(id)?;
    slugs::claim(&KIND, id, &draft.slug, Some(&slug))?;
    let path = place(id, draft.parent)?;
    sql::execute(
        "UPDATE categories SET slug = $2, parent_id = $3, sort_order = $4, document = $5 WHERE id = $1",
        params![id, &draft.slug, draft.parent, draft.position, text_of(&draft)?],
    )?;
    events::publish(&CategoryChanged { category: id, deleted: false })?;
    Ok(Category { id, version: unsigned(version), path: ids(&path), content: draft })
}

/// Moves a category with all below it, unless it is there already; answers its path.
fn place(id: i64, parent: Option<i64>) -> Result<String, Fault> {
    let before = path_of(id)?;
    let above = parent.map_or(Ok("/".to_owned()), path_of)?;
    let after = format!("{above}{id}/");
    if before == after {
        return Ok(after);
    }
    if above.starts_with(&before) {
        let message = format!("The category {id} cannot be moved below itself: choose another parent.");
        return Err(fault::precondition("CATEGORY_CYCLE", message));
    }
    let below =
        sql::query::<(String,)>("SELECT path FROM categories WHERE path LIKE $1", params![format!("{before}%")])?;
    let deepest = below.iter().map(|(path,)| ids(path).len()).max().unwrap_or(1);
    check_depth(deepest + ids(&after).len() - ids(&before).len())?;
    // An id stands only once in a path, so what is replaced is its beginning.
    sql::execute(
        "UPDATE categories SET path = replace(path, $1, $2) WHERE path LIKE $3",
        params![&before, &after, format!("{before}%")],
    )?;
    Ok(after)
}

/// Deletes a category without children.
pub fn delete(id: i64, if_version: Option<u64>) -> Result<(), Fault> {
    let slug = KIND.slug_of(id)?;
    let child = sql::query::<(i64,)>("SELECT id FROM categories WHERE parent_id = $1 LIMIT 1", params![id])?;
    if !child.is_empty() {
        let message = format!("The category {id} has others below it: move or delete them first.");
        return Err(fault::precondition("CATEGORY_NOT_EMPTY", message));
    }
    KIND.delete_row(id, if_version)?;
    slugs::release(&slug)?;
    sql::execute("UPDATE products SET category_id = NULL, version = version + 1 WHERE category_id = $1", params![id])?;
    events::publish(&CategoryChanged { category: id, deleted: true })?;
    Ok(())
}

/// The ids from the root down to a category: `/1/5/`.
pub(crate) fn path_of(id: i64) -> Result<String, Fault> {
    let found = sql::optional::<(String,)>("SELECT path FROM categories WHERE id = $1", params![id])?;
    found.map(|(path,)| path).ok_or_else(|| KIND.missing(id))
}

/// The ids in a path.
pub(crate) fn ids(path: &str) -> Vec<i64> {
    path.split('/').filter_map(|id| id.parse().ok()).collect()
}

fn check_depth(depth: usize) -> Result<(), Fault> {
    if depth <= MAX_DEPTH {
        return Ok(());
    }
    let message = format!("Categories have at most {MAX_DEPTH} levels; this would make {depth}.");
    Err(fault::precondition("CATEGORY_TOO_DEEP", message))
}
