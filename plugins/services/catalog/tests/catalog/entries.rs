//! Pages, as the simplest of all that has a number, a version and a slug.

use service_catalog::contract::{ContentPageDraft, Target};
use service_catalog::{pages, slugs};

use crate::house::{house, no_seo, reason, translation};

fn page(slug: &str) -> ContentPageDraft {
    ContentPageDraft {
        slug: slug.into(),
        title: "About us".into(),
        description: "We sell shirts.".into(),
        published: true,
        seo: no_seo(),
        translations: vec![translation("de", "Über uns", "")],
    }
}

#[test]
fn a_page_is_made_changed_and_deleted() {
    let house = house();
    let made = house.call(|| pages::create(page("about"))).unwrap();
    assert_eq!((made.id, made.version), (1, 1));
    assert_eq!(house.call(|| slugs::resolve("about")).unwrap(), Target::Page(1));
    let german = house.call_read_only(|| pages::get(1, Some("de"))).unwrap().content;
    assert_eq!((german.title.as_str(), german.description.as_str()), ("Über uns", "We sell shirts."));
    let updated = house.call(|| pages::update(1, Some(1), page("about-us"))).unwrap();
    assert_eq!(updated.version, 2);
    assert_eq!(reason(house.call(|| pages::update(1, Some(1), page("x")))), "VERSION_MISMATCH");
    assert_eq!(reason(house.call(|| slugs::resolve("about"))), "SLUG_NOT_FOUND");
    house.call(|| pages::delete(1, Some(2))).unwrap();
    assert_eq!(reason(house.call(|| pages::get(1, None))), "PAGE_NOT_FOUND");
    assert_eq!(reason(house.call(|| slugs::resolve("about-us"))), "SLUG_NOT_FOUND");
}

#[test]
fn pages_are_listed_by_number() {
    let house = house();
    for number in 1..=5 {
        house.call(|| pages::create(page(&format!("page-{number}")))).unwrap();
    }
    let ids = |after, limit| {
        let found = house.call_read_only(|| pages::list(after, limit, None)).unwrap();
        found.into_iter().map(|page| page.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(None, None), [1, 2, 3, 4, 5]);
    assert_eq!(ids(Some(2), Some(2)), [3, 4]);
    assert_eq!(reason(house.call(|| pages::list(None, Some(101), None))), "INVALID_REQUEST");
}
