//! Import and export.

use fondaco_service::testing::House;
use proptest::prelude::*;
use service_catalog::contract::{Format, Outcome, Product, ProductDraft, Report};
use service_catalog::{products, transfer};

use crate::house::{attribute, category, create, draft, house, reason, shirt};

fn import(house: &House, format: Format, text: &str) -> Report {
    house.call(|| transfer::import_chunk(format, text, 1)).unwrap()
}

fn outcomes(report: &Report) -> Vec<(u32, &str, Outcome, Option<&str>)> {
    let rows = report.rows.iter();
    rows.map(|row| (row.row, row.sku.as_str(), row.outcome, row.fault.as_ref().map(|fault| fault.reason.as_str())))
        .collect()
}

fn product(house: &House, id: i64) -> Product {
    house.call_read_only(|| products::get(id, None, None)).unwrap()
}

/// All chunks.
fn export(house: &House, format: Format) -> Vec<String> {
    let mut chunks = Vec::new();
    let mut cursor = None;
    loop {
        let chunk = house.call_read_only(|| transfer::export_chunk(format, cursor.as_deref())).unwrap();
        chunks.push(chunk.text);
        cursor = chunk.next;
        if cursor.is_none() {
            return chunks;
        }
    }
}

const SHIRTS: &str = "\
sku,product,title,category,tags,options,attributes,grams,tax_category
shirt-s,shirt,Shirt,tops,new;summer,Size=S,Material=Cotton,180,standard
shirt-m,shirt,Shirt,tops,new;summer,Size=M,Material=Cotton,190,standard
MUG 1,,Mug,,,,,350,
mug-2,,\"Mug, large\",,,,,450,standard
";

#[test]
fn rows_become_products() {
    let house = house();
    let tops = category(&house, "tops", None).id;
    house.take_published();
    let report = import(&house, Format::Csv, SHIRTS);
    let expected = [
        (1, "shirt-s", Outcome::Created, None),
        (2, "shirt-m", Outcome::Created, None),
        (3, "MUG 1", Outcome::Failed, Some("INVALID_REQUEST")),
        (4, "mug-2", Outcome::Created, None),
    ];
    assert_eq!(outcomes(&report), expected);
    assert_eq!((report.created, report.updated, report.unchanged, report.failed), (3, 0, 0, 1));
    let shirt = product(&house, 1).content;
    assert_eq!((shirt.slug.as_str(), shirt.category, shirt.variants.len()), ("shirt", Some(tops), 2));
    assert_eq!(shirt.options[0].values, ["S", "M"]);
    assert_eq!(shirt.variants[1].options, [attribute("Size", "M")]);
    assert_eq!((shirt.tags.len(), shirt.variants[1].grams), (2, 190));
    let mug = product(&house, 2).content;
    assert_eq!(
        (mug.slug.as_str(), mug.title.as_str(), mug.channels.as_slice()),
        ("mug-2", "Mug, large", &["*".to_owned()][..])
    );
    // One event a product, not one a row.
    assert_eq!(house.take_published().len(), 2);
}

#[test]
fn the_same_once_more_changes_nothing() {
    let house = house();
    category(&house, "tops", None);
    import(&house, Format::Csv, SHIRTS);
    house.take_published();
    let again = import(&house, Format::Csv, SHIRTS);
    assert_eq!((again.unchanged, again.failed), (3, 1));
    assert!(house.published().is_empty());
    assert_eq!(product(&house, 1).version, 1);
}

#[test]
fn what_a_row_does_not_name_stays() {
    let house = house();
    let before = create(&house, shirt()).content;
    let report = import(&house, Format::Csv, "sku,grams\nshirt-m,777\n");
    assert_eq!(outcomes(&report), [(1, "shirt-m", Outcome::Updated, None)]);
    let mut expected = before;
    expected.variants[1].grams = 777;
    assert_eq!(product(&house, 1).content, expected);
    let line = r#"{"sku": "shirt-l", "product": "shirt", "options": [{"name": "Size", "value": "L"}]}"#;
    assert_eq!(import(&house, Format::JsonLines, line).created, 1);
    let content = product(&house, 1).content;
    assert_eq!((content.variants.len(), content.options[0].values.len()), (3, 3));
    assert_eq!(content.title, "The shirt");
}

#[test]
fn a_row_that_fails_takes_no_other_with_it() {
    let house = house();
    category(&house, "tops", None);
    create(&house, draft("mug", &["mug"]));
    let text = r#"
{"sku": "a", "title": "A", "grams": -1}
{"sku": "b", "title": "B", "color": "red"}
{"sku": "c", "title": "C"} x
{"sku": "d"}
{"sku": "mug", "product": "other", "title": "Other"}
{"sku": "e", "product": "tops", "title": "E"}
{"sku": "e-2", "product": "tops", "title": "E"}
{"sku": "f", "title": "F", "category": "nowhere"}
{"sku": "g", "title": "G", "options": [{"name": "", "value": "x"}]}
{"sku": "good", "title": "Good", "category": "tops"}
[]
"#;
    let report = house.call(|| transfer::import_chunk(Format::JsonLines, text, 101)).unwrap();
    let expected = [
        (101, "", Some("INVALID_ROW")),
        (102, "", Some("INVALID_ROW")),
        (103, "", Some("INVALID_ROW")),
        (104, "d", Some("INVALID_REQUEST")),
        (105, "mug", Some("SKU_TAKEN")),
        (106, "e", Some("SLUG_TAKEN")),
        (107, "e-2", Some("SLUG_TAKEN")),
        (108, "f", Some("CATEGORY_NOT_FOUND")),
        (109, "g", Some("INVALID_REQUEST")),
        (110, "good", None),
        (111, "", Some("INVALID_ROW")),
    ];
    let found: Vec<_> = outcomes(&report).into_iter().map(|(row, sku, _, fault)| (row, sku, fault)).collect();
    assert_eq!(found, expected);
    assert_eq!((report.created, report.failed), (1, 10));
    assert_eq!(report.rows[0].fault.as_ref().unwrap().metadata[0].1, "grams");
    let good: Vec<_> = export(&house, Format::JsonLines).concat().lines().map(str::to_owned).collect();
    assert_eq!(good.len(), 2, "mug and good");
}

#[test]
fn a_row_out_of_the_products_bounds_leaves_it_as_it_was() {
    let house = house();
    let text = "sku,product,title,options\na,p,P,Size=S\nb,p,,Size=M\nc,p,P,Size=L\n";
    let report = import(&house, Format::Csv, text);
    assert_eq!(outcomes(&report)[1], (2, "b", Outcome::Failed, Some("INVALID_REQUEST")));
    let content = product(&house, 1).content;
    assert_eq!(content.variants.iter().map(|variant| variant.sku.as_str()).collect::<Vec<_>>(), ["a", "c"]);
    assert_eq!(content.options[0].values, ["S", "L"]);
}

#[test]
fn a_header_that_cannot_be_right_fails_the_chunk() {
    let house = house();
    let refused = |text: &str| reason(house.call(|| transfer::import_chunk(Format::Csv, text, 1)));
    assert_eq!(refused("sku,colour\na,b\n"), "INVALID_HEADER");
    assert_eq!(refused("title\nA\n"), "INVALID_HEADER");
    assert_eq!(refused("sku,title,title\na,A,A\n"), "INVALID_REQUEST");
    assert_eq!(import(&house, Format::Csv, "").rows.len(), 0);
    let uneven = import(&house, Format::Csv, "sku,title\na,A,x\nb,B\n");
    assert_eq!((uneven.failed, uneven.created), (1, 1));
}

#[test]
fn chunks_are_bounded() {
    let house = house();
    let many = "{\"sku\": \"a\"}\n".repeat(1_001);
    assert_eq!(reason(house.call(|| transfer::import_chunk(Format::JsonLines, &many, 1))), "INVALID_REQUEST");
    let long = "x".repeat(1024 * 1024 + 1);
    assert_eq!(reason(house.call(|| transfer::import_chunk(Format::JsonLines, &long, 1))), "INVALID_REQUEST");
}

#[test]
fn a_large_file_is_many_calls() {
    let house = house();
    let line = |number: u32| format!("{{\"sku\": \"sku-{number}\", \"title\": \"Product {number}\"}}\n");
    for chunk in 0..3_u32 {
        let text: String = (chunk * 1_000..(chunk + 1) * 1_000).map(line).collect();
        let report = house.call(|| transfer::import_chunk(Format::JsonLines, &text, chunk * 1_000 + 1)).unwrap();
        assert_eq!((report.created, report.rows[0].row), (1_000, chunk * 1_000 + 1));
    }
    let chunks = export(&house, Format::JsonLines);
    assert_eq!(chunks.concat().lines().count(), 3_000);
    // What was given out is taken in again, and is what is there.
    let again = import(&house, Format::JsonLines, &chunks[7]);
    assert_eq!((again.unchanged, again.rows.len()), (16, 16));
}

fn words() -> impl Strategy<Value = String> {
    // What CSV and lists could stumble over.
    "[a-z;=\\\\\",\n é]{1,12}"
}

fn any_product() -> impl Strategy<Value = ProductDraft> {
    let tags = prop::collection::btree_set(words(), 0..4);
    let attributes = prop::collection::btree_map(words(), words(), 0..4);
    let choices = prop::collection::btree_map(words(), words(), 0..3);
    (words(), words(), tags, attributes, choices, any::<bool>(), 0_u32..9_999).prop_map(
        |(title, description, tags, attributes, choices, enabled, grams)| {
            let pairs = |map: std::collections::BTreeMap<String, String>| {
                map.into_iter().map(|(name, value)| attribute(&name, &value)).collect::<Vec<_>>()
            };
            let mut product = draft("p", &["sku-1", "sku-2"]);
            product.title = title;
            product.description = description;
            product.tags = tags.into_iter().collect();
            product.attributes = pairs(attributes);
            product.variants[0].options = pairs(choices);
            product.options = product.variants[0]
                .options
                .iter()
                .map(|choice| service_catalog::contract::OptionValues {
                    name: choice.name.clone(),
                    values: vec![choice.value.clone()],
                })
                .collect();
            product.variants[0].enabled = enabled;
            product.variants[1].grams = grams;
            product
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    /// What one store gives out, another takes in and is the same; and the store itself finds nothing new in it.
    #[test]
    fn what_is_exported_is_imported(product_draft in any_product(), csv in any::<bool>()) {
        let format = if csv { Format::Csv } else { Format::JsonLines };
        let (one, other) = (house(), house());
        create(&one, product_draft.clone());
        let text = export(&one, format).concat();
        let report = import(&other, format, &text);
        prop_assert_eq!(report.created, 2, "{:?}", report);
        prop_assert_eq!(product(&other, 1).content, product_draft);
        prop_assert_eq!(import(&one, format, &text).unchanged, 2);
    }
}
