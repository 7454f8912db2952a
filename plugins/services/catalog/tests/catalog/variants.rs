use service_catalog::contract::{ProductDraft, VariantFacts};
use service_catalog::{categories, products, variants};

use crate::house::{category, category_draft, create, draft, house, reason, shirt, translation};

fn skus(skus: &[&str]) -> Vec<String> {
    skus.iter().map(|sku| (*sku).to_owned()).collect()
}

#[test]
fn facts_come_in_the_order_asked() {
    let house = house();
    let tops = category(&house, "tops", None).id;
    let shirts = category(&house, "shirts", Some(tops)).id;
    let mut own = ProductDraft { category: Some(shirts), ..shirt() };
    own.translations = vec![translation("de", "Hemd", "")];
    own.variants[0].tax_category = "reduced".into();
    own.variants[0].title = "Small one".into();
    create(&house, own);
    create(&house, ProductDraft { channels: vec!["app".into()], ..draft("mug", &["mug"]) });
    let ask =
        |asked: &[&str], locale: &str| house.call_read_only(|| variants::by_skus(&skus(asked), "web", locale)).unwrap();
    let found = ask(&["mug", "nothing", "shirt-m", "shirt-s", "mug"], "de-AT");
    let expected = VariantFacts {
        sku: "shirt-m".into(),
        product: 1,
        slug: "shirt".into(),
        version: 1,
        title: "Hemd, M".into(),
        category_path: "tops/shirts".into(),
        tags: vec!["new".into()],
        grams: 100,
        tax_category: "standard".into(),
        visible: true,
        channels: vec!["*".into()],
    };
    assert_eq!(found.iter().map(|facts| facts.sku.as_str()).collect::<Vec<_>>(), ["mug", "shirt-m", "shirt-s", "mug"]);
    assert_eq!(found[1], expected);
    assert_eq!((found[2].title.as_str(), found[2].tax_category.as_str()), ("Hemd, Small one", "reduced"));
    assert!(!found[0].visible);
    assert_eq!(found[0].category_path, "");
    assert_eq!(ask(&["shirt-m"], "")[0].title, "The shirt, M");
    assert!(ask(&[], "").is_empty());
}

#[test]
fn a_variant_that_is_not_enabled_is_not_visible() {
    let house = house();
    let mut own = shirt();
    own.variants[1].enabled = false;
    create(&house, own);
    let found = house.call_read_only(|| variants::by_skus(&skus(&["shirt-s", "shirt-m"]), "web", "")).unwrap();
    assert_eq!((found[0].visible, found[1].visible), (true, false));
    assert_eq!((found[0].channels.len(), found[1].channels.len()), (1, 0));
}

#[test]
fn facts_follow_what_changes() {
    let house = house();
    let [a, b] = ["a", "b"].map(|slug| category(&house, slug, None).id);
    let child = category(&house, "child", Some(a)).id;
    create(&house, ProductDraft { category: Some(child), ..draft("p", &["p"]) });
    let facts = || house.call_read_only(|| variants::by_skus(&skus(&["p"]), "web", "")).unwrap().remove(0);
    assert_eq!(facts().category_path, "a/child");
    house.call(|| categories::update(child, None, category_draft("kid", Some(b)))).unwrap();
    assert_eq!(facts().category_path, "b/kid");
    house.call(|| products::update(1, None, draft("p", &["p"]))).unwrap();
    assert_eq!((facts().category_path.as_str(), facts().version), ("", 2));
}

#[test]
fn five_hundred_at_a_time() {
    let house = house();
    for product in 0..3 {
        let own: Vec<String> = (0..200).map(|number| format!("{product}-{number}")).collect();
        create(&house, draft(&format!("p-{product}"), &own.iter().map(String::as_str).collect::<Vec<_>>()));
    }
    let asked: Vec<String> = (0..500).map(|number| format!("{}-{}", number % 3, number / 3)).collect();
    let found = house.call_read_only(|| variants::by_skus(&asked, "web", "")).unwrap();
    assert_eq!(found.iter().map(|facts| &facts.sku).collect::<Vec<_>>(), asked.iter().collect::<Vec<_>>());
    let more: Vec<String> = asked.into_iter().chain(["x".to_owned()]).collect();
    assert_eq!(reason(house.call(|| variants::by_skus(&more, "web", ""))), "INVALID_REQUEST");
}
