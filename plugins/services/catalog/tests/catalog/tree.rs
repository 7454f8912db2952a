//! The tree of categories.

use fondaco_service::testing::House;
use proptest::prelude::*;
use service_catalog::contract::{CategoryDraft, ProductDraft};
use service_catalog::{categories, products};

use crate::house::{category, category_draft, create, draft, house, reason, translation};

fn path(house: &House, id: i64) -> Vec<i64> {
    house.call_read_only(|| categories::get(id, None)).unwrap().path
}

fn move_to(house: &House, id: i64, parent: Option<i64>) -> Result<(), fondaco_service::Fault> {
    house.call(|| categories::update(id, None, category_draft(&format!("c-{id}"), parent))).map(drop)
}

#[test]
fn children_come_in_their_order_and_language() {
    let house = house();
    let top = category(&house, "top", None).id;
    for (slug, position) in [("b", 2), ("c", 1), ("a", 2)] {
        let draft = CategoryDraft {
            position,
            translations: vec![translation("de", &format!("{slug} auf Deutsch"), "")],
            ..category_draft(slug, Some(top))
        };
        house.call(|| categories::create(draft)).unwrap();
    }
    let titles = |locale| {
        let children = house.call_read_only(|| categories::children(Some(top), locale)).unwrap();
        children.into_iter().map(|child| child.content.title).collect::<Vec<_>>()
    };
    assert_eq!(titles(None), ["C", "B", "A"]);
    assert_eq!(titles(Some("de-DE"))[0], "c auf Deutsch");
    assert_eq!(house.call_read_only(|| categories::children(None, None)).unwrap().len(), 1);
}

#[test]
fn all_below_moves_along() {
    let house = house();
    let [a, b] = ["a", "b"].map(|slug| category(&house, slug, None).id);
    let child = category(&house, "child", Some(a)).id;
    let grandchild = category(&house, "grandchild", Some(child)).id;
    move_to(&house, child, Some(b)).unwrap();
    assert_eq!(path(&house, grandchild), [b, child, grandchild]);
    assert_eq!(reason(move_to(&house, b, Some(grandchild))), "CATEGORY_CYCLE");
    assert_eq!(reason(move_to(&house, b, Some(b))), "CATEGORY_CYCLE");
    assert_eq!(reason(move_to(&house, b, Some(77))), "CATEGORY_NOT_FOUND");
    assert_eq!(path(&house, grandchild), [b, child, grandchild]);
}

#[test]
fn the_tree_has_eight_levels() {
    let house = house();
    let mut parent = None;
    for level in 1..=8 {
        parent = Some(category(&house, &format!("level-{level}"), parent).id);
    }
    let deeper = house.call(|| categories::create(category_draft("level-9", parent)));
    assert_eq!(reason(deeper), "CATEGORY_TOO_DEEP");
    let other = category(&house, "other", None).id;
    category(&house, "below-other", Some(other));
    assert_eq!(reason(move_to(&house, other, Some(7))), "CATEGORY_TOO_DEEP");
    move_to(&house, other, Some(6)).unwrap();
}

#[test]
fn deleting_takes_products_out_and_spares_those_with_children() {
    let house = house();
    let top = category(&house, "top", None).id;
    let child = category(&house, "child", Some(top)).id;
    create(&house, ProductDraft { category: Some(child), ..draft("p", &[]) });
    assert_eq!(reason(house.call(|| categories::delete(top, None))), "CATEGORY_NOT_EMPTY");
    assert_eq!(reason(house.call(|| categories::delete(child, Some(7)))), "VERSION_MISMATCH");
    house.take_published();
    house.call(|| categories::delete(child, Some(1))).unwrap();
    let product = house.call_read_only(|| products::get(1, None, None)).unwrap();
    assert_eq!((product.content.category, product.version), (None, 2));
    let published = house.take_published();
    assert_eq!(published[0].r#type, "fondaco.catalog.category.changed.v1");
    assert_eq!(published[0].data, serde_json::json!({"category": child, "deleted": true}));
    house.call(|| categories::delete(top, None)).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is moved where: each path is its parent's path and the category itself, and nothing is below itself.
    #[test]
    fn paths_agree_with_parents(moves in prop::collection::vec((1_i64..=12, prop::option::of(1_i64..=12)), 1..40)) {
        let house = house();
        for id in 1..=12 {
            category(&house, &format!("c-{id}"), None);
        }
        for (id, parent) in moves {
            let _ = move_to(&house, id, parent);
        }
        for id in 1..=12 {
            let found = house.call_read_only(|| categories::get(id, None)).unwrap();
            let mut expected = found.content.parent.map(|parent| path(&house, parent)).unwrap_or_default();
            prop_assert!(!expected.contains(&id));
            expected.push(id);
            prop_assert!(expected.len() <= 8);
            prop_assert_eq!(found.path, expected);
        }
    }
}
