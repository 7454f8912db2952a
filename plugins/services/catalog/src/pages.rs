//! Pages of plain content.

use fondaco_service::Fault;

use crate::content;
use crate::contract::{ContentPage, ContentPageDraft};
use crate::entries::{self, Kind, Read};

pub(crate) const KIND: Kind = Kind { table: "pages", name: "page", reason: "PAGE", reasons: "PAGES" };
const MOST: i64 = 10_000;

/// One page.
pub fn get(id: i64, locale: Option<&str>) -> Result<ContentPage, Fault> {
    entries::get(&KIND, id, locale).map(page)
}

/// Pages by ascending id.
pub fn list(after: Option<i64>, limit: Option<u32>, locale: Option<&str>) -> Result<Vec<ContentPage>, Fault> {
    Ok(entries::list(&KIND, after, limit, locale)?.into_iter().map(page).collect())
}

/// Makes a page.
pub fn create(mut draft: ContentPageDraft) -> Result<ContentPage, Fault> {
    content::check(&mut draft)?;
    let id = entries::create(&KIND, &draft, MOST)?;
    Ok(ContentPage { id, version: 1, content: draft })
}

/// Replaces all that stands in a page.
pub fn update(id: i64, if_version: Option<u64>, mut draft: ContentPageDraft) -> Result<ContentPage, Fault> {
    content::check(&mut draft)?;
    let version = entries::update(&KIND, id, if_version, &draft)?;
    Ok(ContentPage { id, version, content: draft })
}

/// Deletes a page.
pub fn delete(id: i64, if_version: Option<u64>) -> Result<(), Fault> {
    entries::delete(&KIND, id, if_version)
}

fn page(Read { id, version, content }: Read<ContentPageDraft>) -> ContentPage {
    ContentPage { id, version, content }
}
