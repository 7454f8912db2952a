//! Puts rows into products.

use std::collections::BTreeMap;

use fondaco_service::prelude::*;

use crate::contract::{Attribute, OptionValues, Outcome, ProductDraft, Seo, Variant};
use crate::products::{self, Stored};

use super::row::Row;

/// Categories by their slugs, as far as they were asked for.
type Categories = BTreeMap<String, i64>;

/// The rows of one product that stand together.
pub(super) struct Group {
    before: Option<Stored>,
    draft: ProductDraft,
    /// The places of the rows that changed it.
    rows: Vec<usize>,
}

impl Group {
    /// Begins with the product as it is, or with none.
    pub(super) fn open(slug: &str) -> Result<Self, Fault> {
        let before = products::by_slug(slug)?;
        let draft = before.as_ref().map_or_else(|| empty(slug), |stored| stored.product.content.clone());
        Ok(Self { before, draft, rows: Vec::new() })
    }

    pub(super) fn slug(&self) -> &str {
        &self.draft.slug
    }

    /// Puts a row in. One that does not fit leaves the product as it was.
    pub(super) fn apply(
        &mut self,
        place: usize,
        row: &Row,
        owner: Option<(i64, &str)>,
        categories: &mut Categories,
    ) -> Result<Outcome, Fault> {
        let own = self.before.as_ref().map(|stored| stored.product.id);
        if owner.is_some_and(|(owner, _)| Some(owner) != own) {
            return Err(products::sku_taken(&row.sku));
        }
        let mut draft = self.draft.clone();
        if let Some(slug) = &row.category {
            draft.category = category(slug, categories)?;
        }
        enter_product(&mut draft, row);
        let created = enter_variant(&mut draft, row);
        products::check(&mut draft)?;
        if draft == self.draft {
            return Ok(Outcome::Unchanged);
        }
        self.draft = draft;
        self.rows.push(place);
        Ok(if created { Outcome::Created } else { Outcome::Updated })
    }

    /// Writes the product, unless nothing changed; answers the rows that did.
    pub(super) fn save(self) -> (Vec<usize>, Result<(), Fault>) {
        let Self { before, draft, rows } = self;
        if rows.is_empty() {
            return (rows, Ok(()));
        }
        (rows, products::save(before.as_ref(), draft).map(drop))
    }
}

fn empty(slug: &str) -> ProductDraft {
    ProductDraft {
        slug: slug.to_owned(),
        title: String::new(),
        description: String::new(),
        category: None,
        tags: Vec::new(),
        attributes: Vec::new(),
        options: Vec::new(),
        media: Vec::new(),
        channels: vec![products::EVERYWHERE.to_owned()],
        tax_category: String::new(),
        seo: Seo { title: String::new(), description: String::new() },
        translations: Vec::new(),
        variants: Vec::new(),
    }
}

/// The id of a category by its slug; an empty one is none.
fn category(slug: &str, known: &mut Categories) -> Result<Option<i64>, Fault> {
    if slug.is_empty() {
        return Ok(None);
    }
    if let Some(id) = known.get(slug) {
        return Ok(Some(*id));
    }
    let statement = "SELECT id FROM slugs WHERE slug = $1 AND kind = 'category'";
    let Some((id,)) = sql::optional::<(i64,)>(statement, params![slug])? else {
        let message = format!("There is no category with the slug `{slug}`: make it first.");
        return Err(fault::not_found("CATEGORY_NOT_FOUND", message).with("slug", slug));
    };
    known.insert(slug.to_owned(), id);
    Ok(Some(id))
}

fn set<T: Clone>(field: &mut T, given: Option<&T>) {
    if let Some(given) = given {
        field.clone_from(given);
    }
}

fn enter_product(draft: &mut ProductDraft, row: &Row) {
    set(&mut draft.title, row.title.as_ref());
    set(&mut draft.description, row.description.as_ref());
    set(&mut draft.tags, row.tags.as_ref());
    set(&mut draft.channels, row.channels.as_ref());
    set(&mut draft.attributes, row.attributes.as_ref());
    set(&mut draft.tax_category, row.tax_category.as_ref());
    set(&mut draft.seo.title, row.seo_title.as_ref());
    set(&mut draft.seo.description, row.seo_description.as_ref());
    for choice in row.options.iter().flatten() {
        offer(&mut draft.options, choice);
    }
}

/// A value that a variant has is one that the product offers.
fn offer(options: &mut Vec<OptionValues>, choice: &Attribute) {
    let Some(option) = options.iter_mut().find(|option| option.name == choice.name) else {
        options.push(OptionValues { name: choice.name.clone(), values: vec![choice.value.clone()] });
        return;
    };
    if !option.values.contains(&choice.value) {
        option.values.push(choice.value.clone());
    }
}

/// Answers whether the variant is new.
fn enter_variant(draft: &mut ProductDraft, row: &Row) -> bool {
    let there = draft.variants.iter().position(|variant| variant.sku == row.sku);
    let mut variant = there.and_then(|place| draft.variants.get(place).cloned()).unwrap_or_else(|| Variant {
        sku: row.sku.clone(),
        title: String::new(),
        options: Vec::new(),
        grams: 0,
        tax_category: String::new(),
        barcode: String::new(),
        enabled: true,
    });
    set(&mut variant.title, row.variant_title.as_ref());
    set(&mut variant.options, row.options.as_ref());
    set(&mut variant.grams, row.grams.as_ref());
    set(&mut variant.tax_category, row.variant_tax_category.as_ref());
    set(&mut variant.barcode, row.barcode.as_ref());
    set(&mut variant.enabled, row.enabled.as_ref());
    if let Some(own) = there.and_then(|place| draft.variants.get_mut(place)) {
        *own = variant;
        return false;
    }
    draft.variants.push(variant);
    true
}
