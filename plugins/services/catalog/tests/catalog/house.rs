//! What the tests begin with.

use fondaco_service::Fault;
use fondaco_service::testing::House;
use service_catalog::contract::{
    Attribute, Category, CategoryDraft, OptionValues, Product, ProductDraft, Seo, Translation, Variant,
};
use service_catalog::{categories, products};

// These tests run over other databases too, in tests/services.
pub(crate) use crate::open as house;

pub(crate) fn no_seo() -> Seo {
    Seo { title: String::new(), description: String::new() }
}

pub(crate) fn attribute(name: &str, value: &str) -> Attribute {
    Attribute { name: name.into(), value: value.into() }
}

pub(crate) fn variant(sku: &str) -> Variant {
    Variant {
        sku: sku.into(),
        title: String::new(),
        options: vec![],
        grams: 100,
        tax_category: String::new(),
        barcode: String::new(),
        enabled: true,
    }
}

/// Seen everywhere, with one variant for each sku.
pub(crate) fn draft(slug: &str, skus: &[&str]) -> ProductDraft {
    ProductDraft {
        slug: slug.into(),
        title: format!("The {slug}"),
        description: "Good.".into(),
        category: None,
        tags: vec!["new".into()],
        attributes: vec![attribute("Material", "Cotton")],
        options: vec![],
        media: vec![],
        channels: vec!["*".into()],
        tax_category: "standard".into(),
        seo: no_seo(),
        translations: vec![],
        variants: skus.iter().map(|sku| variant(sku)).collect(),
    }
}

/// With one option, and a variant for each of its values.
pub(crate) fn shirt() -> ProductDraft {
    let mut shirt = draft("shirt", &["shirt-s", "shirt-m"]);
    shirt.options = vec![OptionValues { name: "Size".into(), values: vec!["S".into(), "M".into()] }];
    shirt.variants[0].options = vec![attribute("Size", "S")];
    shirt.variants[1].options = vec![attribute("Size", "M")];
    shirt
}

pub(crate) fn translation(locale: &str, title: &str, description: &str) -> Translation {
    Translation { locale: locale.into(), title: title.into(), description: description.into(), seo: no_seo() }
}

pub(crate) fn category_draft(slug: &str, parent: Option<i64>) -> CategoryDraft {
    CategoryDraft {
        slug: slug.into(),
        title: slug.to_uppercase(),
        description: String::new(),
        parent,
        position: 0,
        seo: no_seo(),
        translations: vec![],
    }
}

pub(crate) fn create(house: &House, draft: ProductDraft) -> Product {
    house.call(|| products::create(draft)).unwrap()
}

pub(crate) fn category(house: &House, slug: &str, parent: Option<i64>) -> Category {
    house.call(|| categories::create(category_draft(slug, parent))).unwrap()
}

pub(crate) fn reason<T: std::fmt::Debug>(result: Result<T, Fault>) -> String {
    result.unwrap_err().reason
}
