use fondaco_service::Fault;
use fondaco_service::testing::House;
use rstest::rstest;
use service_catalog::contract::{
    CollectionDraft, File, Members, OptionValues, Product, ProductDraft, ProductQuery, Rule, Target,
};
use service_catalog::{categories, collections, media, products, slugs};

use crate::house::{attribute, category, create, draft, house, no_seo, reason, shirt, translation, variant};

fn get(house: &House, id: i64) -> Product {
    house.call_read_only(|| products::get(id, None, None)).unwrap()
}

fn everything() -> ProductQuery {
    ProductQuery {
        channel: None,
        locale: None,
        category: None,
        collection: None,
        tag: None,
        attribute: None,
        cursor: None,
        limit: None,
    }
}

fn slugs_of(house: &House, query: &ProductQuery) -> Vec<String> {
    let page = house.call_read_only(|| products::list(query)).unwrap();
    page.products.into_iter().map(|product| product.slug).collect()
}

#[test]
fn what_was_made_is_read_back_and_told() {
    let house = house();
    let made = create(&house, shirt());
    assert_eq!((made.id, made.version), (1, 1));
    assert_eq!(get(&house, 1), made);
    assert_eq!(made.content, shirt());
    let published = house.take_published();
    assert_eq!(published.len(), 1);
    assert_eq!(published[0].r#type, "fondaco.catalog.product.changed.v1");
    assert_eq!(published[0].partition_key.as_deref(), Some("1"));
    let told = serde_json::json!({"product": 1, "version": 1, "slug": "shirt", "skus": ["shirt-m", "shirt-s"]});
    assert_eq!(published[0].data, told);
    assert_eq!(house.call(|| slugs::resolve("shirt")).unwrap(), Target::Product(1));
}

#[test]
fn an_update_replaces_everything_and_tells_of_skus_that_are_gone() {
    let house = house();
    let made = create(&house, shirt());
    house.take_published();
    house.advance(1_000);
    let mut changed = draft("tee", &["tee-l"]);
    changed.variants.push(shirt().variants[1].clone());
    changed.options = shirt().options;
    let updated = house.call(|| products::update(1, Some(1), changed.clone())).unwrap();
    assert_eq!((updated.version, updated.created_ms), (2, made.created_ms));
    assert_eq!(updated.updated_ms, made.updated_ms + 1_000);
    assert_eq!(get(&house, 1), updated);
    assert_eq!(updated.content, changed);
    let skus = &house.take_published()[0].data["skus"];
    assert_eq!(*skus, serde_json::json!(["shirt-m", "shirt-s", "tee-l"]));
    // The old slug and the old sku are free again.
    assert_eq!(reason(house.call(|| slugs::resolve("shirt"))), "SLUG_NOT_FOUND");
    create(&house, draft("shirt", &["shirt-s"]));
}

#[test]
fn of_two_editors_one_gets_through() {
    let house = house();
    create(&house, shirt());
    house.call(|| products::update(1, Some(1), shirt())).unwrap();
    let late = house.call(|| products::update(1, Some(1), draft("other", &[]))).unwrap_err();
    assert_eq!((late.reason.as_str(), late.metadata[0].1.as_str()), ("VERSION_MISMATCH", "2"));
    assert_eq!(get(&house, 1).content, shirt());
    assert_eq!(reason(house.call(|| products::delete(1, Some(1)))), "VERSION_MISMATCH");
    assert_eq!(reason(house.call(|| products::update(9, Some(1), shirt()))), "PRODUCT_NOT_FOUND");
    // Without a version the last one wins.
    assert_eq!(house.call(|| products::update(1, None, shirt())).unwrap().version, 3);
}

#[test]
fn what_is_taken_is_refused_and_leaves_nothing() {
    let house = house();
    create(&house, shirt());
    category(&house, "tops", None);
    house.take_published();
    for (draft, expected) in [
        (draft("shirt", &["a"]), "SLUG_TAKEN"),
        (draft("tops", &["a"]), "SLUG_TAKEN"),
        (draft("b", &["b", "shirt-s"]), "SKU_TAKEN"),
        (ProductDraft { category: Some(9), ..draft("c", &[]) }, "CATEGORY_NOT_FOUND"),
    ] {
        assert_eq!(reason(house.call(|| products::create(draft))), expected);
    }
    assert_eq!(slugs_of(&house, &everything()), ["shirt"]);
    assert_eq!(reason(house.call(|| slugs::resolve("b"))), "SLUG_NOT_FOUND");
    assert!(house.published().is_empty());
    let mut taking = shirt();
    taking.slug = "tops".into();
    assert_eq!(reason(house.call(|| products::update(1, None, taking))), "SLUG_TAKEN");
    assert_eq!(get(&house, 1).version, 1);
}

#[test]
fn a_deleted_product_is_gone_everywhere() {
    let house = house();
    create(&house, shirt());
    house.take_published();
    house.call(|| products::delete(1, Some(1))).unwrap();
    assert_eq!(reason(house.call(|| products::get(1, None, None))), "PRODUCT_NOT_FOUND");
    assert_eq!(reason(house.call(|| products::delete(1, None))), "PRODUCT_NOT_FOUND");
    let published = house.take_published();
    assert_eq!(published[0].r#type, "fondaco.catalog.product.deleted.v1");
    assert_eq!(published[0].data["skus"], serde_json::json!(["shirt-m", "shirt-s"]));
    let again = create(&house, shirt());
    assert_eq!(again.id, 2, "an id is never used twice");
    assert_eq!(slugs_of(&house, &ProductQuery { tag: Some("new".into()), ..everything() }), ["shirt"]);
}

#[rstest]
#[case::slug(|draft: &mut ProductDraft| draft.slug = "Shirt".into(), "slug")]
#[case::title(|draft: &mut ProductDraft| draft.title.clear(), "title")]
#[case::description(|draft: &mut ProductDraft| draft.description = "x".repeat(65_537), "description")]
#[case::tag(|draft: &mut ProductDraft| draft.tags = vec!["a".into(), String::new()], "tags[1]")]
#[case::tags(|draft: &mut ProductDraft| draft.tags = vec!["a".into(), "a".into()], "tags")]
#[case::attribute(|draft: &mut ProductDraft| draft.attributes = vec![attribute("", "x")], "attributes[0].name")]
#[case::locale(|draft: &mut ProductDraft| draft.translations = vec![translation("d_", "", "")], "translations[0].locale")]
#[case::sku(|draft: &mut ProductDraft| draft.variants[1].sku = "a b".into(), "variants[1].sku")]
#[case::twice(|draft: &mut ProductDraft| draft.variants[1].sku = "shirt-s".into(), "variants")]
#[case::value(|draft: &mut ProductDraft| draft.variants[1].options[0].value = "XL".into(), "variants[1].options[0]")]
#[case::option(|draft: &mut ProductDraft| draft.options.clear(), "variants[0].options[0]")]
#[case::many(|draft: &mut ProductDraft| draft.variants = (0..251).map(|n| variant(&n.to_string())).collect(), "variants")]
#[case::values(
    |draft: &mut ProductDraft| draft.options.push(OptionValues { name: "X".into(), values: vec![String::new()] }),
    "options[1].values[0]"
)]
fn out_of_bounds_is_told_with_its_path(#[case] spoil: fn(&mut ProductDraft), #[case] path: &str) {
    let mut spoiled = shirt();
    spoil(&mut spoiled);
    let fault = house().call(|| products::create(spoiled)).unwrap_err();
    assert_eq!((fault.reason.as_str(), fault.metadata[0].1.as_str()), ("INVALID_REQUEST", path));
}

#[test]
fn texts_come_in_the_nearest_language() {
    let house = house();
    let mut tea = draft("tea", &[]);
    tea.translations = vec![translation("de", "Tee", "Gut."), translation("de-CH", "Tee aus Bern", "")];
    create(&house, tea);
    let texts = |locale: Option<&str>| {
        let content = house.call_read_only(|| products::get(1, None, locale)).unwrap().content;
        (content.title, content.description)
    };
    let pair = |title: &str, description: &str| (title.to_owned(), description.to_owned());
    assert_eq!(texts(None), pair("The tea", "Good."));
    assert_eq!(texts(Some("de-AT")), pair("Tee", "Gut."));
    assert_eq!(texts(Some("DE-ch")), pair("Tee aus Bern", "Gut."));
    assert_eq!(texts(Some("fr")), pair("The tea", "Good."));
    let titles = |locale: &str| {
        let query = ProductQuery { locale: Some(locale.into()), ..everything() };
        house.call_read_only(|| products::list(&query)).unwrap().products[0].title.clone()
    };
    assert_eq!((titles("de-CH").as_str(), titles("en").as_str()), ("Tee aus Bern", "The tea"));
}

#[test]
fn a_channel_sees_what_it_may() {
    let house = house();
    for (slug, channels) in [("all", vec!["*"]), ("web", vec!["web", "app"]), ("hidden", vec![])] {
        let channels = channels.into_iter().map(str::to_owned).collect();
        create(&house, ProductDraft { channels, ..draft(slug, &[]) });
    }
    let seen = |channel: &str| slugs_of(&house, &ProductQuery { channel: Some(channel.into()), ..everything() });
    assert_eq!(seen("web"), ["all", "web"]);
    assert_eq!(seen("shop"), ["all"]);
    assert_eq!(slugs_of(&house, &everything()).len(), 3);
    let get = |id, channel| house.call_read_only(|| products::get(id, Some(channel), None));
    assert!(get(2, "app").is_ok());
    assert_eq!(reason(get(2, "shop")), "PRODUCT_NOT_FOUND");
    assert_eq!(reason(get(3, "web")), "PRODUCT_NOT_FOUND");
}

#[test]
fn pages_follow_each_other_without_a_gap() {
    let house = house();
    for number in 0..7 {
        create(&house, draft(&format!("p-{number}"), &[]));
    }
    let mut query = ProductQuery { limit: Some(3), ..everything() };
    let mut sizes = Vec::new();
    let mut found = Vec::new();
    loop {
        let page = house.call_read_only(|| products::list(&query)).unwrap();
        sizes.push(page.products.len());
        found.extend(page.products.into_iter().map(|product| product.id));
        query.cursor = page.next;
        if query.cursor.is_none() {
            break;
        }
    }
    assert_eq!(sizes, [3, 3, 1]);
    assert_eq!(found, [1, 2, 3, 4, 5, 6, 7]);
    for bad in [ProductQuery { limit: Some(0), ..everything() }, ProductQuery { limit: Some(101), ..everything() }] {
        assert_eq!(reason(house.call(|| products::list(&bad))), "INVALID_REQUEST");
    }
    let bad = ProductQuery { cursor: Some("1; DROP TABLE products".into()), ..everything() };
    assert_eq!(reason(house.call(|| products::list(&bad))), "INVALID_REQUEST");
}

#[test]
fn conditions_hold_at_once() {
    let house = house();
    let tops = category(&house, "tops", None).id;
    let shirts = category(&house, "shirts", Some(tops)).id;
    let within =
        |slug: &str, category, tag: &str| ProductDraft { category, tags: vec![tag.to_owned()], ..draft(slug, &[]) };
    create(&house, within("a", Some(shirts), "red"));
    create(&house, within("b", Some(tops), "blue"));
    create(&house, within("c", None, "red"));
    let find = |query: ProductQuery| slugs_of(&house, &query);
    assert_eq!(find(ProductQuery { category: Some(tops), ..everything() }), ["a", "b"]);
    assert_eq!(find(ProductQuery { category: Some(shirts), ..everything() }), ["a"]);
    assert_eq!(find(ProductQuery { tag: Some("red".into()), ..everything() }), ["a", "c"]);
    assert_eq!(find(ProductQuery { category: Some(tops), tag: Some("red".into()), ..everything() }), ["a"]);
    let cotton = ProductQuery { attribute: Some(attribute("Material", "Cotton")), ..everything() };
    assert_eq!(find(cotton), ["a", "b", "c"]);
    let wool = ProductQuery { attribute: Some(attribute("Material", "Wool")), ..everything() };
    assert!(find(wool).is_empty());
    let unknown = ProductQuery { category: Some(99), ..everything() };
    assert_eq!(reason(house.call(|| products::list(&unknown))), "CATEGORY_NOT_FOUND");
    // Where the tags of a product change, it is found by the new ones only.
    house.call(|| products::update(1, None, within("a", Some(shirts), "green"))).unwrap();
    assert_eq!(find(ProductQuery { tag: Some("red".into()), ..everything() }), ["c"]);
    assert_eq!(find(ProductQuery { tag: Some("green".into()), ..everything() }), ["a"]);
}

fn collection(slug: &str, members: Members) -> CollectionDraft {
    CollectionDraft {
        slug: slug.into(),
        title: slug.into(),
        description: String::new(),
        members,
        seo: no_seo(),
        translations: vec![],
    }
}

#[test]
fn collections_are_lists_or_rules() {
    let house = house();
    let tops = category(&house, "tops", None).id;
    for (slug, category, tag) in [("a", Some(tops), "red"), ("b", Some(tops), "blue"), ("c", None, "red")] {
        create(&house, ProductDraft { category, tags: vec![tag.into()], ..draft(slug, &[]) });
    }
    let make = |draft: CollectionDraft| -> Result<i64, Fault> {
        house.call(|| collections::create(draft)).map(|made| made.id)
    };
    let rule = |tags: &[&str], category| {
        Members::Matching(Rule { tags: tags.iter().map(|tag| (*tag).to_owned()).collect(), category })
    };
    let listed = make(collection("listed", Members::Listed(vec![3, 1]))).unwrap();
    let red = make(collection("red", rule(&["red", "pink"], None))).unwrap();
    let red_tops = make(collection("red-tops", rule(&["red"], Some(tops)))).unwrap();
    let find = |collection| slugs_of(&house, &ProductQuery { collection: Some(collection), ..everything() });
    assert_eq!(find(listed), ["a", "c"]);
    assert_eq!(find(red), ["a", "c"]);
    assert_eq!(find(red_tops), ["a"]);

    assert_eq!(reason(make(collection("x", Members::Listed(vec![1, 9])))), "PRODUCT_NOT_FOUND");
    assert_eq!(reason(make(collection("x", Members::Listed(vec![1, 1])))), "INVALID_REQUEST");
    assert_eq!(reason(make(collection("x", rule(&[], Some(9))))), "CATEGORY_NOT_FOUND");
    assert_eq!(reason(make(collection("red", rule(&[], None)))), "SLUG_TAKEN");

    house.call(|| products::delete(1, None)).unwrap();
    assert_eq!(find(listed), ["c"]);
    let changed = collection("listed", Members::Listed(vec![2]));
    house.call(|| collections::update(listed, Some(1), changed)).unwrap();
    assert_eq!(find(listed), ["b"]);
    house.call(|| categories::delete(tops, None)).unwrap();
    assert!(find(red_tops).is_empty());
    house.call(|| collections::delete(listed, Some(2))).unwrap();
    let gone = ProductQuery { collection: Some(listed), ..everything() };
    assert_eq!(reason(house.call(|| products::list(&gone))), "COLLECTION_NOT_FOUND");
}

#[test]
fn an_upload_gives_what_goes_into_a_product() {
    let house = house();
    let file = |name: &str, content_type: &str| File {
        name: name.into(),
        content_type: content_type.into(),
        alt: "A shirt".into(),
        bytes: b"picture".to_vec(),
    };
    let upload = |file: File| house.call(|| media::upload(&file));
    let picture = upload(file("shirt.jpg", "image/jpeg")).unwrap();
    assert_eq!(picture.blob, "media/1/shirt.jpg");
    assert!(picture.url.starts_with('/'));
    assert_ne!(upload(file("shirt.jpg", "image/jpeg")).unwrap().blob, picture.blob);
    create(&house, ProductDraft { media: vec![picture.clone()], ..shirt() });
    let page = house.call_read_only(|| products::list(&everything())).unwrap();
    assert_eq!(page.products[0].media, Some(picture));
    for bad in [file("../x", "image/png"), file("..", "image/png"), file("", "image/png"), file("x", "text/html")] {
        assert_eq!(reason(upload(bad)), "INVALID_REQUEST");
    }
}
