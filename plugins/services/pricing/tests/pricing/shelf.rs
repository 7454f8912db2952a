//! The shelf over a real catalog and a real price book, each in a house of its own: events go from their commits to
//! its handler when a test says so.

use std::cell::RefCell;
use std::rc::Rc;

use super::house::House;
use super::words::{anna, by_sku, request};
use fondaco_sdk::Fault;
use fondaco_service::testing::{House as Service, NOON_MS};
use service_catalog::contract::{CategoryDraft, Format as RowFormat, Seo};
use service_catalog::{categories, products, transfer as catalog};
use service_price_book::contract::{Format, Outcome, PriceListDraft};
use service_price_book::{lists, prices, transfer as book};
use service_pricing::bindings::fondaco::catalog::types::VariantFacts;
use service_pricing::bindings::fondaco::price_book::types::{Offer, Sheet};
use service_pricing::contract::{Buyer, PricedCart, Request};
use service_pricing::goods::Goods;
use service_pricing::shelf::{self, Sources};

struct Platform {
    pricing: Service,
    catalog: Service,
    book: Service,
    /// What the two services were asked.
    asked: RefCell<Vec<String>>,
}

impl Platform {
    /// Two lists in euros, `base` and `vip`, and a mug and a plate in `kitchen`.
    fn new() -> Rc<Self> {
        let folder = |name: &str| format!("{}/../{name}", env!("CARGO_MANIFEST_DIR"));
        let platform = Self {
            pricing: Service::with_schema(""),
            catalog: Service::of(folder("catalog")),
            book: Service::of(folder("price-book")),
            asked: RefCell::default(),
        };
        platform.catalog.call(|| categories::create(kitchen("kitchen"))).unwrap();
        platform.rows("sku,product,title,category,grams\nmug,mug,Mug,kitchen,340\nplate,plate,Plate,kitchen,520\n");
        for (code, group) in [("base", ""), ("vip", "vip")] {
            platform.book.call(|| lists::create(list(code, group))).unwrap();
        }
        platform.prices("base,mug,1,1000,,\nbase,mug,10,900,,\nbase,plate,1,500,,\nvip,mug,1,800,,\n");
        platform.deliver();
        Rc::new(platform)
    }

    /// Rows for the catalog.
    fn rows(&self, csv: &str) {
        let report = self.catalog.call(|| catalog::import_chunk(RowFormat::Csv, csv, 1)).unwrap();
        assert_eq!(report.failed, 0, "{report:?}");
    }

    /// Rows for the price book: list, sku, tier, amount, from, until.
    fn prices(&self, rows: &str) {
        let csv = format!("price_list,sku,min_quantity,amount,from_ms,until_ms\n{rows}");
        let report = self.book.call(|| book::import_chunk(Format::Csv, &csv, 1)).unwrap();
        assert!(report.rows.iter().all(|row| row.outcome != Outcome::Failed), "{report:?}");
    }

    /// Lets events come to the shelf.
    fn deliver(&self) {
        for event in [self.catalog.take_published(), self.book.take_published()].concat() {
            self.pricing.call(|| shelf::handle(&event.r#type, &event.data.to_string())).unwrap();
        }
    }

    fn read(&self, skus: &[&str]) -> Vec<Option<Goods>> {
        let skus: Vec<String> = skus.iter().map(|sku| (*sku).to_owned()).collect();
        self.try_read(&skus).unwrap()
    }

    fn try_read(&self, skus: &[String]) -> Result<Vec<Option<Goods>>, Fault> {
        self.pricing.call_read_only(|| shelf::read(skus, self))
    }

    /// A quote at the time of the clock.
    fn quote(self: &Rc<Self>, quote: Request) -> PricedCart {
        let own = Rc::clone(self);
        let house = House { goods: Some(Box::new(move |skus| own.try_read(skus))), ..House::default() };
        house.quote(Request { now_ms: Some(self.now_ms()), ..quote }).unwrap()
    }

    fn unit(self: &Rc<Self>, quantity: u32) -> i64 {
        self.quote(request(vec![by_sku("mug", quantity)])).lines[0].unit
    }

    /// What the services were asked since this was last called.
    fn asked(&self) -> Vec<String> {
        self.asked.take()
    }
}

impl Sources for Platform {
    fn variants(&self, skus: &[String]) -> Result<Vec<VariantFacts>, Fault> {
        self.asked.borrow_mut().push(format!("catalog {}", skus.join(" ")));
        let found = self.catalog.call_read_only(|| service_catalog::variants::by_skus(skus, "", ""))?;
        Ok(found.into_iter().map(facts).collect())
    }

    fn sheets(&self, skus: &[String], since_ms: u64) -> Result<Vec<Sheet>, Fault> {
        self.asked.borrow_mut().push(format!("book {}", skus.join(" ")));
        let found = self.book.call_read_only(|| prices::sheets(skus, since_ms))?;
        Ok(found.into_iter().map(sheet).collect())
    }

    fn now_ms(&self) -> u64 {
        self.pricing.now_ms().cast_unsigned()
    }

    fn unique(&self) -> u64 {
        static LAST: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
        LAST.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
    }
}

/// From the types of one component to those of another, as the host does.
fn facts(facts: service_catalog::contract::VariantFacts) -> VariantFacts {
    let service_catalog::contract::VariantFacts { sku, product, slug, version, title, category_path, .. } = facts;
    let (tags, grams, tax_category, visible) = (facts.tags, facts.grams, facts.tax_category, facts.visible);
    let channels = facts.channels;
    VariantFacts { sku, product, slug, version, title, category_path, tags, grams, tax_category, visible, channels }
}

fn sheet(sheet: service_price_book::contract::Sheet) -> Sheet {
    let offer = |offer: service_price_book::contract::Offer| Offer {
        price_list: offer.price_list,
        currency: offer.currency,
        channel: offer.channel,
        customer_group: offer.customer_group,
        country: offer.country,
        min_quantity: offer.min_quantity,
        amount: offer.amount,
        compare_at: offer.compare_at,
        tax_included: offer.tax_included,
        from_ms: offer.from_ms,
        until_ms: offer.until_ms,
    };
    Sheet { sku: sheet.sku, offers: sheet.offers.into_iter().map(offer).collect() }
}

fn kitchen(slug: &str) -> CategoryDraft {
    CategoryDraft {
        slug: slug.into(),
        title: "Kitchen".into(),
        description: String::new(),
        parent: None,
        position: 0,
        seo: Seo { title: String::new(), description: String::new() },
        translations: vec![],
    }
}

fn list(code: &str, group: &str) -> PriceListDraft {
    PriceListDraft {
        code: code.into(),
        title: code.into(),
        currency: "EUR".into(),
        channel: String::new(),
        customer_group: group.into(),
        country: String::new(),
        priority: 0,
        from_ms: None,
        until_ms: None,
        tax_included: false,
        enabled: true,
    }
}

#[test]
fn a_cart_of_skus_is_priced_from_both_services_and_the_second_one_from_the_cache() {
    let platform = Platform::new();
    let cart = || request(vec![by_sku("plate", 1), by_sku("mug", 10)]);
    let priced = platform.quote(cart());
    assert_eq!((priced.totals.items, priced.lines[1].price_list.as_deref()), (9_500, Some("base")));
    assert_eq!(platform.asked(), ["catalog mug plate", "book mug plate"], "one question to each");
    assert_eq!(platform.quote(cart()), priced);
    assert_eq!(platform.asked(), Vec::<String>::new());
    let vip = Buyer { groups: Some(vec!["vip".into()]), ..anna() };
    let priced = platform.quote(Request { buyer: Some(vip), ..cart() });
    assert_eq!((priced.lines[1].unit, priced.lines[1].price_list.as_deref()), (800, Some("vip")));
    assert_eq!((platform.unit(9), platform.unit(10)), (1_000, 900));
    assert_eq!(platform.asked(), Vec::<String>::new(), "an entry is for every buyer and quantity");
}

#[test]
fn only_what_is_missing_is_asked_for() {
    let platform = Platform::new();
    platform.read(&["mug"]);
    platform.asked();
    let found = platform.read(&["mug", "nothing", "plate"]);
    assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(platform.asked(), ["catalog nothing plate", "book nothing plate"]);
    // That there is none is known too, until there is one.
    platform.read(&["nothing"]);
    assert_eq!(platform.asked(), Vec::<String>::new());
    platform.rows("sku,title\nnothing,Something\n");
    platform.deliver();
    assert!(platform.read(&["nothing"])[0].is_some());
}

#[test]
fn a_changed_price_is_seen_once_its_event_has_come() {
    let platform = Platform::new();
    assert_eq!(platform.unit(1), 1_000);
    platform.read(&["plate"]);
    platform.asked();
    platform.prices("base,mug,1,1100,,\n");
    assert_eq!(platform.unit(1), 1_000, "the event is on its way");
    platform.deliver();
    assert_eq!(platform.unit(1), 1_100);
    assert_eq!(platform.asked(), ["catalog mug", "book mug"]);
    platform.read(&["plate"]);
    assert_eq!(platform.asked(), Vec::<String>::new(), "others stay");
}

#[test]
fn a_changed_product_is_seen_and_a_deleted_one_is_gone() {
    let platform = Platform::new();
    assert_eq!(platform.read(&["mug"])[0].as_ref().unwrap().grams, 340);
    platform.rows("sku,grams\nmug,350\n");
    platform.deliver();
    assert_eq!(platform.read(&["mug"])[0].as_ref().unwrap().grams, 350);
    platform.catalog.call(|| products::delete(1, None)).unwrap();
    platform.deliver();
    assert_eq!(platform.read(&["mug"]), [None]);
}

#[test]
fn a_changed_list_or_category_begins_anew() {
    let platform = Platform::new();
    platform.read(&["mug", "plate"]);
    let off = PriceListDraft { enabled: false, ..list("vip", "vip") };
    platform.book.call(|| lists::update(2, None, off)).unwrap();
    platform.deliver();
    platform.asked();
    let goods = platform.read(&["mug", "plate"]);
    assert_eq!(platform.asked(), ["catalog mug plate", "book mug plate"]);
    assert_eq!(goods[0].as_ref().unwrap().offers.len(), 2, "no vip any more");
    platform.catalog.call(|| categories::update(1, None, kitchen("ware"))).unwrap();
    platform.deliver();
    assert_eq!(platform.read(&["plate"])[0].as_ref().unwrap().category, "ware");
}

#[test]
fn a_scheduled_price_begins_and_ends_with_no_event_and_no_question() {
    let platform = Platform::new();
    let (begins, ends) = (NOON_MS + 5_000, NOON_MS + 9_000);
    platform.prices(&format!("base,mug,1,700,{begins},{ends}\n"));
    let sale = PriceListDraft { from_ms: Some(ends.cast_unsigned()), ..list("later", "") };
    platform.book.call(|| lists::create(sale)).unwrap();
    platform.prices("later,mug,1,650,,\n");
    platform.deliver();
    assert_eq!(platform.unit(1), 1_000);
    platform.asked();
    for (step, unit) in [(4_999, 1_000), (1, 700), (3_999, 700), (1, 650), (10_000, 650)] {
        platform.pricing.advance(step);
        assert_eq!(platform.unit(1), unit, "at {}", platform.now_ms());
    }
    assert_eq!(platform.asked(), Vec::<String>::new());
}

#[test]
fn what_was_loaded_before_a_change_is_not_kept_after_it() {
    struct Slow(Rc<Platform>);
    impl Sources for Slow {
        fn variants(&self, skus: &[String]) -> Result<Vec<VariantFacts>, Fault> {
            self.0.variants(skus)
        }
        /// While the old price is on its way here, it changes, and the event is quicker.
        fn sheets(&self, skus: &[String], since_ms: u64) -> Result<Vec<Sheet>, Fault> {
            let old = self.0.sheets(skus, since_ms);
            self.0.prices("base,mug,1,1100,,\n");
            for event in self.0.book.take_published() {
                shelf::handle(&event.r#type, &event.data.to_string())?;
            }
            old
        }
        fn now_ms(&self) -> u64 {
            self.0.now_ms()
        }
        fn unique(&self) -> u64 {
            self.0.unique()
        }
    }
    let platform = Platform::new();
    let slow = Slow(Rc::clone(&platform));
    platform.pricing.call(|| shelf::read(&["mug".to_owned()], &slow)).unwrap();
    assert_eq!(platform.unit(1), 1_100);
}

#[test]
fn an_entry_ends_after_a_while_and_an_empty_cache_is_no_trouble() {
    let platform = Platform::new();
    platform.unit(1);
    platform.prices("base,mug,1,1100,,\n");
    platform.book.take_published();
    platform.pricing.advance(599_999);
    assert_eq!(platform.unit(1), 1_000, "the event never came");
    platform.pricing.advance(1);
    assert_eq!(platform.unit(1), 1_100);
    platform.pricing.forget_cache();
    assert_eq!(platform.unit(1), 1_100);
}

#[test]
fn events_of_others_are_passed_over_and_broken_ones_are_refused() {
    let platform = Platform::new();
    platform.pricing.call(|| shelf::handle("fondaco.catalog.page.changed.v1", "{}")).unwrap();
    let broken = platform.pricing.call(|| shelf::handle("fondaco.catalog.product.changed.v1", "{\"skus\": 7}"));
    assert_eq!(broken.unwrap_err().reason, "INVALID_EVENT");
}
