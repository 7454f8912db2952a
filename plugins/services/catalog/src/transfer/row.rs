//! One row: a variant, and what it says of its product. What is absent says nothing.

use fondaco_service::{Fault, fault};
use serde::{Deserialize, Serialize};

use crate::contract::{Attribute, ProductDraft, Variant};
use crate::wording;

/// A row, as it stands in a line of JSON.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Row {
    pub(super) sku: String,
    /// The product's slug; absent: the product that has the sku, or a new one that is called as the sku is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) product: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) description: Option<String>,
    /// The category's slug; empty: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) category: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tags: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) channels: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) attributes: Option<Vec<Attribute>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tax_category: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) seo_title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) seo_description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) variant_title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) options: Option<Vec<Attribute>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) grams: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) variant_tax_category: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) barcode: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) enabled: Option<bool>,
}

impl Row {
    /// The row of a variant, with all that there is to say.
    pub(super) fn of(product: &ProductDraft, variant: &Variant, category: Option<&str>) -> Self {
        Self {
            sku: variant.sku.clone(),
            product: Some(product.slug.clone()),
            title: Some(product.title.clone()),
            description: Some(product.description.clone()),
            category: Some(category.unwrap_or_default().to_owned()),
            tags: Some(product.tags.clone()),
            channels: Some(product.channels.clone()),
            attributes: Some(product.attributes.clone()),
            tax_category: Some(product.tax_category.clone()),
            seo_title: Some(product.seo.title.clone()),
            seo_description: Some(product.seo.description.clone()),
            variant_title: Some(variant.title.clone()),
            options: Some(variant.options.clone()),
            grams: Some(variant.grams),
            variant_tax_category: Some(variant.tax_category.clone()),
            barcode: Some(variant.barcode.clone()),
            enabled: Some(variant.enabled),
        }
    }

    /// The slug of the product that it belongs to; `owner` has its sku now.
    pub(super) fn product_slug(&self, owner: Option<(i64, &str)>) -> Result<String, Fault> {
        wording::sku("sku", &self.sku)?;
        let slug = match (&self.product, owner) {
            (Some(slug), _) => slug.clone(),
            (None, Some((_, slug))) => slug.to_owned(),
            (None, None) => slug_of(&self.sku),
        };
        wording::slug("product", &slug).map_err(|found| match self.product {
            Some(_) => found,
            None => fault::invalid("product", "a slug, as the sku makes none", format!("`{}`", self.sku)),
        })?;
        Ok(slug)
    }
}

/// `TEA/green 100g` → `tea-green-100g`.
fn slug_of(sku: &str) -> String {
    let plain = sku.to_ascii_lowercase();
    let words = plain.split(|character: char| !character.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}
