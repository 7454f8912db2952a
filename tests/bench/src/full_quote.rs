//! A full quote by sku: lines that name nothing but sku and quantity, so that facts come from the catalog and prices
//! from the price lists, and three plugins: a price rule, a promotion, a tax. Over HTTP, at the real host.
//!
//! Products come in through the public import. Catalogs that are larger than that are the same rows again under other
//! skus, loaded into the stopped host's database files (`bulk`): a quote cannot tell them apart.

mod bulk;
mod shop;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use futures::{StreamExt, TryStreamExt};
use serde::Serialize;

use crate::Options;
use crate::host::Host;
use crate::load::{Ask, Outcome, Target, each_once, load};
use crate::quotes::{Contender, PATH, Row, interleave};
use shop::{IMPORTED, Shop};

/// Lines of a quote.
const LINES: usize = 10;
/// Carts that are asked for, round and round.
const CARTS: usize = 5_000;
/// Carts of skus that nobody asked for before.
const UNREAD: usize = 500;
/// Stores in the growth with tenants.
const TENANTS: usize = 1_000;

/// What was measured.
#[derive(Serialize)]
pub(crate) struct FullQuote {
    /// One at a time.
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    /// One at a time, each cart of skus that nobody asked for before: catalog and price book are read.
    pub(crate) unread_p50_us: Vec<(String, f64)>,
    pub(crate) products: Vec<Row>,
    pub(crate) tenants: Vec<Row>,
}

/// All of it, on a host of its own.
pub(crate) async fn measure(options: &Options) -> Result<FullQuote> {
    let folder = tempfile::tempdir()?;
    let state = folder.path().join("host");
    let host = Host::start(&options.host, &options.components, &state).await?;
    let (small, large) = (Shop::new("products-10000", 10_000), Shop::new("products-1000000", 1_000_000));
    let shop = Shop::new("products-100", IMPORTED);
    for shop in [&shop, &small, &large] {
        shop.open(&host, IMPORTED).await?;
    }
    let host = host.stopped_for(bulk::load(&state, &[&small, &large])).await?;
    for shop in [&shop, &small, &large] {
        shop.check(&host).await?;
    }

    let (rounds, turn) = if options.quick { (4, Duration::from_millis(500)) } else { (8, Duration::from_secs(2)) };
    let one = one_at_a_time(&host, carts(&shop, popular), turn * 4).await?;
    let mut unread_p50_us = Vec::new();
    for shop in [&small, &large] {
        unread_p50_us.push((shop.name(), unread(&host, shop).await?));
    }
    let shops = [&shop, &small, &large];
    let mut by_products = contenders(&host, shops.map(|shop| (shop.name(), carts(shop, popular))))?;
    let products = interleave(&mut by_products, rounds, turn).await?;

    let shops: Vec<Shop> = (0..TENANTS).map(|number| Shop::new(&format!("tenant-{number}"), LINES)).collect();
    futures::stream::iter(&shops)
        .map(|shop| shop.open(&host, LINES))
        .buffer_unordered(2)
        .try_collect::<Vec<()>>()
        .await?;
    let some = |count| shops.iter().take(count).map(|shop| shop.cart(0, uniform)).collect::<Vec<_>>();
    // Each store once before: what is compared is stores that are awake.
    succeeded(each_once(&target(&host, some(TENANTS))).await?)?;
    let mut by_tenants = contenders(&host, [1, 100, TENANTS].map(|count| (format!("{count} tenants"), some(count))))?;
    let tenants = interleave(&mut by_tenants, rounds, turn).await?;
    let (p50_us, p99_us) = (one.quantile_us(0.5), one.quantile_us(0.99));
    Ok(FullQuote { p50_us, p99_us, unread_p50_us, products, tenants })
}

fn contenders(host: &Host, asked: impl IntoIterator<Item = (String, Vec<Ask>)>) -> Result<Vec<Contender<'_>>> {
    let of = |(what, asks)| Contender::new(what, target(host, asks), vec![&host.server]);
    asked.into_iter().map(of).collect()
}

fn target(host: &Host, asks: Vec<Ask>) -> Target {
    Target { address: host.server.address.clone(), path: PATH.into(), key: host.key.clone(), asks: Arc::new(asks) }
}

/// The first time that a cart is asked for is not counted.
async fn one_at_a_time(host: &Host, asks: Vec<Ask>, duration: Duration) -> Result<Outcome> {
    let target = target(host, asks);
    load(&target, 1, duration).await?;
    succeeded(load(&target, 1, duration).await?)
}

/// Carts of skus from the far end of the catalog, each sku once.
async fn unread(host: &Host, shop: &Shop) -> Result<f64> {
    let cart = |number| shop.cart_of(|line| shop.products - 1 - (number * LINES + line));
    let outcome = each_once(&target(host, (0..UNREAD).map(cart).collect())).await?;
    Ok(succeeded(outcome)?.quantile_us(0.5))
}

fn succeeded(outcome: Outcome) -> Result<Outcome> {
    ensure!(outcome.failed == 0, "{} failed, first: {:?}", outcome.failed, outcome.first_failure);
    Ok(outcome)
}

fn carts(shop: &Shop, draw: Draw) -> Vec<Ask> {
    (0..CARTS).map(|number| shop.cart(number, draw)).collect()
}

/// Which of so many products the n-th draw is.
type Draw = fn(usize, usize) -> usize;

/// As buyers do: the r-th most wanted product is drawn 1/r as often as the first (Zipf).
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and the number of products")]
fn popular(number: usize, products: usize) -> usize {
    ((products as f64).powf(spread(number)) as usize).clamp(1, products) - 1
}

/// All alike.
fn uniform(number: usize, products: usize) -> usize {
    number % products
}

/// Numbers between 0 and 1 that fill it evenly however many are taken: multiples of the golden ratio (Weyl).
fn spread(number: usize) -> f64 {
    (number as f64 * 0.618_033_988_749_895).fract()
}
