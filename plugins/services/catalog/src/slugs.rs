//! Addresses: each slug leads to one thing, whatever it is.

use fondaco_service::prelude::*;

use crate::contract::Target;
use crate::entries::Kind;

/// What has this slug.
pub fn resolve(slug: &str) -> Result<Target, Fault> {
    let found: Option<(String, i64)> = sql::optional("SELECT kind, id FROM slugs WHERE slug = $1", params![slug])?;
    match found.as_ref().map(|(kind, id)| (kind.as_str(), *id)) {
        Some(("product", id)) => Ok(Target::Product(id)),
        Some(("category", id)) => Ok(Target::Category(id)),
        Some(("collection", id)) => Ok(Target::Collection(id)),
        Some(("page", id)) => Ok(Target::Page(id)),
        _ => Err(fault::not_found("SLUG_NOT_FOUND", format!("Nothing has the slug `{slug}`.")).with("slug", slug)),
    }
}

/// Takes a slug for something that is new, or gives it another one.
pub(crate) fn claim(kind: &Kind, id: i64, slug: &str, before: Option<&str>) -> Result<(), Fault> {
    if before == Some(slug) {
        return Ok(());
    }
    let statement = "INSERT INTO slugs (slug, kind, id) VALUES ($1, $2, $3) ON CONFLICT (slug) DO NOTHING";
    if sql::execute(statement, params![slug, kind.name, id])? == 0 {
        let message = format!("The slug `{slug}` is taken: choose another one.");
        return Err(fault::exists("SLUG_TAKEN", message).with("slug", slug));
    }
    before.map_or(Ok(()), release)
}

pub(crate) fn release(slug: &str) -> Result<(), Fault> {
    sql::execute("DELETE FROM slugs WHERE slug = $1", params![slug]).map(drop)
}
