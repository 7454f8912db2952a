//! What catalog and price book know of skus, read through the cache.
//!
//! An entry has all that there is to know of one sku, whoever asks and whenever: prices that begin later stand in it
//! with their times, so that no entry is wrong because time has passed. It ends when one of the two services says that
//! the sku has changed ([`handle`]), and after a few minutes in any case.
//!
//! What changes everything at once (a price list, a category) begins a new *era*. Its number is part of each key, and
//! stands in the cache itself: where that is gone, so is the era. The number that an instance saw last is only a guess,
//! looked up together with the entries, so that in most quotes the cache is asked once.
//!
//! Entries are bytes of `postcard`: half the size of JSON, and read in a fraction of the time.

use std::sync::atomic::{AtomicU64, Ordering};

use fondaco_sdk::bindings::fondaco::types::faults::{Code, Fault};
use fondaco_service::cache::{self, many};
use fondaco_service::events;
use serde::Deserialize;

use crate::bindings::fondaco::catalog::types::VariantFacts;
use crate::bindings::fondaco::price_book::types::{Offer as ListedOffer, Sheet};
use crate::faults::fault;
use crate::goods::{Goods, Offer};

/// Where the number of the era stands.
const ERA: &str = "era";
/// The longest that the host keeps anything: a day.
const ERA_TTL_MS: u64 = 86_400_000;
/// An event that never comes must not matter for long.
const TTL_MS: u64 = 600_000;
/// What is over for longer is not kept: a quote for a time before that may lack a price.
const PAST_MS: u64 = 7 * 86_400_000;
/// The shape of entries. Another number for another shape: releases of both may read the cache at a time.
const SHAPE: u8 = 1;

/// Who knows.
pub trait Sources {
    /// What the catalog knows of these skus, in their order; what nobody sells is left out.
    fn variants(&self, skus: &[String]) -> Result<Vec<VariantFacts>, Fault>;
    /// The prices of these skus that are not over then, in their order; what has none is left out.
    fn sheets(&self, skus: &[String], since_ms: u64) -> Result<Vec<Sheet>, Fault>;
    /// Milliseconds since the epoch.
    fn now_ms(&self) -> u64;
    /// A number that was never answered before, here or elsewhere: the time in nanoseconds will do.
    fn unique(&self) -> u64;
}

/// What is sold under these skus, no sku twice, in their order: one question to the cache, and where something is
/// missing there, one to each of both services.
pub fn read(skus: &[String], sources: &impl Sources) -> Result<Vec<Option<Goods>>, Fault> {
    static LAST_ERA: AtomicU64 = AtomicU64::new(0);
    let guess = LAST_ERA.load(Ordering::Relaxed);
    let (mut keys, mut values) = look(skus, guess)?;
    let era = era(values.last().and_then(Option::as_deref), sources)?;
    if era != guess {
        LAST_ERA.store(era, Ordering::Relaxed);
        (keys, values) = look(skus, era)?;
    }
    keys.pop();
    values.pop();
    let entries = many::complete(&keys, values, TTL_MS, |missing| {
        let missing: Vec<String> = missing.iter().filter_map(|at| skus.get(*at).cloned()).collect();
        load(&missing, sources)
    })?;
    entries.iter().map(|entry| postcard::from_bytes(entry).map_err(damaged)).collect()
}

/// Keys, and what stands under each.
type Found = (Vec<String>, Vec<Option<Vec<u8>>>);

/// The keys of an era with that of the era itself, and what stands there.
fn look(skus: &[String], era: u64) -> Result<Found, Fault> {
    let mut keys: Vec<String> = Vec::with_capacity(skus.len() + 1);
    keys.extend(skus.iter().map(|sku| key(era, sku)));
    keys.push(ERA.to_owned());
    let values = many::get(&keys)?;
    Ok((keys, values))
}

fn key(era: u64, sku: &str) -> String {
    format!("goods{SHAPE}:{era:x}:{sku}")
}

/// The era that was found, or a new one. The SDK keeps values as JSON, and a number is its digits there.
fn era(found: Option<&[u8]>, sources: &impl Sources) -> Result<u64, Fault> {
    match found.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok()) {
        Some(era) => Ok(era),
        None => cache::read_through(ERA, ERA_TTL_MS, || Ok(sources.unique())),
    }
}

fn load(skus: &[String], sources: &impl Sources) -> Result<Vec<Vec<u8>>, Fault> {
    let mut variants = sources.variants(skus)?.into_iter().peekable();
    let since_ms = sources.now_ms().saturating_sub(PAST_MS);
    let mut sheets = sources.sheets(skus, since_ms)?.into_iter().peekable();
    let entry = |sku: &String| {
        let sheet = sheets.next_if(|sheet| sheet.sku == *sku);
        let variant = variants.next_if(|variant| variant.sku == *sku);
        let offers = sheet.map(|sheet| sheet.offers).unwrap_or_default();
        let goods = variant.map(|variant| goods(variant, offers));
        postcard::to_allocvec(&goods).map_err(damaged)
    };
    skus.iter().map(entry).collect()
}

fn goods(variant: VariantFacts, offers: Vec<ListedOffer>) -> Goods {
    let VariantFacts { slug, category_path, tags, grams, tax_category, channels, .. } = variant;
    let category = category_path.rsplit('/').next().unwrap_or_default().to_owned();
    let offers = offers.into_iter().map(offer).collect();
    Goods { product: slug, category, tags, grams, tax_category, channels, offers }
}

fn offer(listed: ListedOffer) -> Offer {
    let ListedOffer { price_list, currency, channel, customer_group, country, .. } = listed;
    Offer {
        price_list,
        currency,
        channel,
        group: customer_group,
        country,
        min_quantity: listed.min_quantity,
        amount: listed.amount,
        compare_at: listed.compare_at,
        tax_included: listed.tax_included,
        from_ms: listed.from_ms,
        until_ms: listed.until_ms,
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn damaged(error: postcard::Error) -> Fault {
    fault(Code::Internal, "CACHE_DAMAGED", format!("What the cache has of a sku cannot be read: {error}."))
}

/// What events say, as far as it matters here.
#[derive(Deserialize)]
struct Changed {
    /// The skus that are others now.
    skus: Vec<String>,
}

/// Drops what is not true any more. Events that say nothing of goods are none of its business.
pub fn handle(r#type: &str, data: &str) -> Result<(), Fault> {
    match r#type {
        "fondaco.catalog.product.changed.v1"
        | "fondaco.catalog.product.deleted.v1"
        | "fondaco.price-book.prices.changed.v1" => {
            let Changed { skus } = events::decode(r#type, data)?;
            forget(&skus)
        }
        "fondaco.catalog.category.changed.v1" | "fondaco.price-book.list.changed.v1" => cache::forget(ERA),
        _ => Ok(()),
    }
}

/// Where there is no era, nothing is kept of them.
fn forget(skus: &[String]) -> Result<(), Fault> {
    let found = cache::get_many::<u64>(&[ERA.to_owned()])?;
    let Some(era) = found.into_iter().next().flatten() else {
        return Ok(());
    };
    skus.iter().try_for_each(|sku| cache::forget(&key(era, sku)))
}
