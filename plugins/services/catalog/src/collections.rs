//! Collections: products chosen by hand, or by a rule.

use fondaco_service::prelude::*;
use fondaco_service::sql::{Statement, Value};

use crate::contract::{Collection, CollectionDraft, Members, Rule};
use crate::entries::{self, Kind, Read};
use crate::{categories, content, products, wording};

pub(crate) const KIND: Kind =
    Kind { table: "collections", name: "collection", reason: "COLLECTION", reasons: "COLLECTIONS" };
const MOST: i64 = 10_000;
/// Products of a collection that is listed by hand.
const MOST_LISTED: usize = 1_000;

/// One collection.
pub fn get(id: i64, locale: Option<&str>) -> Result<Collection, Fault> {
    entries::get(&KIND, id, locale).map(collection)
}

/// Collections by ascending id.
pub fn list(after: Option<i64>, limit: Option<u32>, locale: Option<&str>) -> Result<Vec<Collection>, Fault> {
    Ok(entries::list(&KIND, after, limit, locale)?.into_iter().map(collection).collect())
}

/// Makes a collection.
pub fn create(mut draft: CollectionDraft) -> Result<Collection, Fault> {
    check(&mut draft)?;
    let id = entries::create(&KIND, &draft, MOST)?;
    enter(id, &draft.members)?;
    Ok(Collection { id, version: 1, content: draft })
}

/// Replaces all that stands in a collection.
pub fn update(id: i64, if_version: Option<u64>, mut draft: CollectionDraft) -> Result<Collection, Fault> {
    check(&mut draft)?;
    let version = entries::update(&KIND, id, if_version, &draft)?;
    clear(id)?;
    enter(id, &draft.members)?;
    Ok(Collection { id, version, content: draft })
}

/// Deletes a collection; its products stay.
pub fn delete(id: i64, if_version: Option<u64>) -> Result<(), Fault> {
    entries::delete(&KIND, id, if_version)?;
    clear(id)
}

/// Adds to a query of products the condition that they are in a collection.
pub(crate) fn add_condition(statement: &mut Statement, id: i64) -> Result<(), Fault> {
    match get(id, None)?.content.members {
        Members::Listed(_) => {
            statement.push(" AND id IN (SELECT product_id FROM collection_products WHERE collection_id = ");
            statement.bind(id).push(")");
        }
        Members::Matching(Rule { tags, category }) => {
            if !tags.is_empty() {
                statement.push(" AND id IN (SELECT product_id FROM product_terms WHERE kind = 'tag' AND term IN ");
                statement.list(tags).push(")");
            }
            match category.map(categories::path_of) {
                None => {}
                Some(Ok(path)) => products::below(statement, &path),
                // A rule outlives its category, and then nothing matches it.
                Some(Err(_)) => drop(statement.push(" AND 1 = 0")),
            }
        }
    }
    Ok(())
}

fn collection(Read { id, version, content }: Read<CollectionDraft>) -> Collection {
    Collection { id, version, content }
}

fn check(draft: &mut CollectionDraft) -> Result<(), Fault> {
    content::check(draft)?;
    match &draft.members {
        Members::Matching(rule) => {
            wording::words("members.matching.tags", &rule.tags, 16)?;
            rule.category.map_or(Ok(()), |category| categories::path_of(category).map(drop))
        }
        Members::Listed(products) => {
            wording::count("members.listed", products, MOST_LISTED)?;
            let mut sorted = products.clone();
            sorted.sort_unstable();
            if let Some(&[twice, _]) = sorted.array_windows().find(|[one, other]| one == other) {
                return Err(fault::invalid("members.listed", "each only once", format!("{twice} twice")));
            }
            products::must_be_there(&sorted)
        }
    }
}

fn enter(id: i64, members: &Members) -> Result<(), Fault> {
    let Members::Listed(products) = members else { return Ok(()) };
    if products.is_empty() {
        return Ok(());
    }
    let mut statement =
        Statement::new("INSERT INTO collection_products (collection_id, product_id, sort_order) VALUES ");
    statement.rows((0_i64..).zip(products).map(|(order, product)| [id, *product, order].map(Value::from)));
    statement.execute().map(drop)
}

fn clear(id: i64) -> Result<(), Fault> {
    sql::execute("DELETE FROM collection_products WHERE collection_id = $1", params![id]).map(drop)
}
