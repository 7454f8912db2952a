//! Lists, prices, import and export.

use fondaco_service::Fault;
use fondaco_service::testing::House;
use service_price_book::contract::{Ask, Context, Entry, Format, Found, Outcome, PriceListDraft, Sheet};
use service_price_book::{entries, lists, prices, transfer};

use crate::open;

fn draft(code: &str) -> PriceListDraft {
    PriceListDraft {
        code: code.into(),
        title: code.to_uppercase(),
        currency: "EUR".into(),
        channel: String::new(),
        customer_group: String::new(),
        country: String::new(),
        priority: 0,
        from_ms: None,
        until_ms: None,
        tax_included: true,
        enabled: true,
    }
}

fn make(house: &House, draft: PriceListDraft) -> i64 {
    house.call(|| lists::create(draft)).unwrap().id
}

fn entry(sku: &str, min_quantity: u32, amount: i64) -> Entry {
    Entry { sku: sku.into(), min_quantity, amount, compare_at: None, from_ms: None, until_ms: None }
}

fn put(house: &House, list: i64, prices: &[Entry]) {
    let skus: Vec<String> = prices.iter().map(|price| price.sku.clone()).collect();
    house.call(|| entries::replace(list, &skus, prices)).unwrap();
}

fn context() -> Context {
    Context { currency: "EUR".into(), channel: "web".into(), groups: vec![], country: "DE".into(), now_ms: 1_000 }
}

fn ask(house: &House, context: &Context, asks: &[(&str, u32)]) -> Vec<Found> {
    let asks: Vec<Ask> = asks.iter().map(|(sku, quantity)| Ask { sku: (*sku).into(), quantity: *quantity }).collect();
    house.call_read_only(|| prices::by_skus(context, &asks)).unwrap()
}

fn amount(house: &House, context: &Context, quantity: u32) -> i64 {
    ask(house, context, &[("mug", quantity)])[0].amount
}

fn reason<T: std::fmt::Debug>(result: Result<T, Fault>) -> String {
    result.unwrap_err().reason
}

#[test]
fn the_most_specific_wins() {
    let house = open();
    let base = make(&house, draft("base"));
    put(&house, base, &[entry("mug", 1, 1_000), entry("mug", 10, 900)]);
    for (code, cents, narrow) in [
        ("dollars", 1, (|draft| draft.currency = "USD".into()) as fn(&mut PriceListDraft)),
        ("germany", 990, |draft| draft.country = "DE".into()),
        ("france", 2, |draft| draft.country = "FR".into()),
        ("web", 980, |draft| draft.channel = "web".into()),
        ("vip", 970, |draft| draft.customer_group = "vip".into()),
        ("off", 3, |draft| (draft.customer_group, draft.enabled) = ("vip".into(), false)),
    ] {
        let mut own = draft(code);
        narrow(&mut own);
        put(&house, make(&house, own), &[entry("mug", 1, cents)]);
    }
    let vip = Context { groups: vec!["vip".into(), "staff".into()], ..context() };
    assert_eq!(amount(&house, &vip, 1), 970);
    assert_eq!(amount(&house, &context(), 1), 980);
    assert_eq!(amount(&house, &Context { channel: "shop".into(), ..context() }, 1), 990);
    let elsewhere = Context { channel: String::new(), country: "IT".into(), ..context() };
    assert_eq!(amount(&house, &elsewhere, 9), 1_000);
    assert_eq!(amount(&house, &elsewhere, 10), 900);
    assert_eq!(amount(&house, &Context { currency: "USD".into(), ..context() }, 1), 1);
}

#[test]
fn answers_come_in_the_order_asked() {
    let house = open();
    let base = make(&house, draft("base"));
    put(&house, base, &[entry("mug", 1, 1_000), entry("mug", 10, 900), entry("cup", 5, 500)]);
    let found = ask(&house, &context(), &[("mug", 12), ("nothing", 1), ("cup", 4), ("cup", 5), ("mug", 1)]);
    let short: Vec<_> = found.iter().map(|found| (found.sku.as_str(), found.quantity, found.amount)).collect();
    assert_eq!(short, [("mug", 12, 900), ("cup", 5, 500), ("mug", 1, 1_000)]);
    assert_eq!((found[0].min_quantity, found[0].price_list.as_str(), found[0].tax_included), (10, "base", true));
    assert_eq!(found[0].changes_ms, None);
}

#[test]
fn a_scheduled_price_comes_and_goes() {
    let house = open();
    let base = make(&house, draft("base"));
    let sale = Entry { from_ms: Some(2_000), until_ms: Some(3_000), compare_at: Some(1_000), ..entry("mug", 1, 800) };
    put(&house, base, &[entry("mug", 1, 1_000), sale]);
    let winter = make(&house, PriceListDraft { from_ms: Some(2_500), ..draft("winter") });
    put(&house, winter, &[entry("mug", 1, 700)]);
    let at = |now_ms| {
        let found = ask(&house, &Context { now_ms, ..context() }, &[("mug", 1)]).remove(0);
        (found.amount, found.compare_at, found.changes_ms)
    };
    assert_eq!(at(1_999), (1_000, None, Some(2_000)));
    assert_eq!(at(2_000), (800, Some(1_000), Some(2_500)));
    assert_eq!(at(2_500), (700, None, Some(3_000)));
    assert_eq!(at(3_000), (700, None, None));
}

#[test]
fn lists_have_versions_and_codes() {
    let house = open();
    let base = make(&house, draft("base"));
    assert_eq!(reason(house.call(|| lists::create(draft("base")))), "CODE_TAKEN");
    let other = make(&house, draft("other"));
    assert_eq!(reason(house.call(|| lists::update(other, None, draft("base")))), "CODE_TAKEN");
    let renamed = house.call(|| lists::update(base, Some(1), draft("renamed"))).unwrap();
    assert_eq!(renamed.version, 2);
    assert_eq!(house.call_read_only(|| lists::get(base)).unwrap(), renamed);
    assert_eq!(reason(house.call(|| lists::update(base, Some(1), draft("x")))), "VERSION_MISMATCH");
    assert_eq!(reason(house.call(|| lists::update(99, Some(1), draft("x")))), "PRICE_LIST_NOT_FOUND");
    put(&house, base, &[entry("mug", 1, 5)]);
    let dollars = PriceListDraft { currency: "USD".into(), ..draft("renamed") };
    assert_eq!(reason(house.call(|| lists::update(base, None, dollars.clone()))), "CURRENCY_FIXED");
    assert_eq!(reason(house.call(|| lists::delete(base, None))), "PRICE_LIST_NOT_EMPTY");
    assert_eq!(house.call_read_only(|| lists::get(base)).unwrap().version, 2);
    house.call(|| entries::replace(base, &["mug".into()], &[])).unwrap();
    house.call(|| lists::update(base, None, dollars)).unwrap();
    house.call(|| lists::delete(base, Some(3))).unwrap();
    let left = house.call_read_only(|| lists::list(None, None)).unwrap();
    assert_eq!(left.iter().map(|list| list.id).collect::<Vec<_>>(), [other]);
}

#[test]
fn bounds_are_kept() {
    let house = open();
    let base = make(&house, draft("base"));
    let replace = |entries_: &[Entry]| house.call(|| entries::replace(base, &["mug".into()], entries_));
    let spoiled: [fn(&mut Entry); 7] = [
        |entry| entry.sku = "other".into(),
        |entry| entry.min_quantity = 0,
        |entry| entry.amount = -1,
        |entry| entry.amount = 1_000_000_000_000_001,
        |entry| entry.compare_at = Some(5),
        |entry| (entry.from_ms, entry.until_ms) = (Some(5), Some(5)),
        |entry| entry.until_ms = Some(u64::MAX),
    ];
    for spoil in spoiled {
        let mut price = entry("mug", 1, 5);
        spoil(&mut price);
        assert_eq!(reason(replace(&[price])), "INVALID_REQUEST");
    }
    assert_eq!(reason(replace(&[entry("mug", 1, 5), entry("mug", 1, 6)])), "INVALID_REQUEST");
    let many: Vec<Entry> = (1..=65).map(|tier| entry("mug", tier, 5)).collect();
    assert_eq!(reason(replace(&many)), "TOO_MANY_PRICES");
    replace(&many[..64]).unwrap();
    assert_eq!(reason(house.call(|| entries::replace(9, &[], &[]))), "PRICE_LIST_NOT_FOUND");
    for bad in ["eur", "EURO", ""] {
        let context = Context { currency: bad.into(), ..context() };
        assert_eq!(reason(house.call(|| prices::by_skus(&context, &[]))), "INVALID_REQUEST");
    }
    let asks: Vec<Ask> = (0..501).map(|n| Ask { sku: n.to_string(), quantity: 1 }).collect();
    assert_eq!(reason(house.call(|| prices::by_skus(&context(), &asks))), "INVALID_REQUEST");
}

#[test]
fn changes_are_told() {
    let house = open();
    let base = make(&house, draft("base"));
    put(&house, base, &[entry("mug", 1, 5), entry("cup", 1, 5)]);
    let told = house.take_published();
    let types: Vec<&str> = told.iter().map(|event| event.r#type.as_str()).collect();
    assert_eq!(types, ["fondaco.price-book.list.changed.v1", "fondaco.price-book.prices.changed.v1"]);
    assert_eq!(told[1].data, serde_json::json!({"priceList": base, "skus": ["cup", "mug"]}));
}

const ROWS: &str = "\
price_list,sku,min_quantity,amount,compare_at,from_ms,until_ms
base,mug,1,1000,,,
base,mug,10,900,1000,,
base,mug,1,800,,2000,3000
none,mug,1,800,,,
base,mug,0,800,,,
base,,1,800,,,
base,cup,1,much,,,
base,mug,10,850,,,
";

#[test]
fn rows_become_prices() {
    use Outcome::{Created, Failed, Updated};
    let house = open();
    make(&house, draft("base"));
    house.take_published();
    let import = || house.call(|| transfer::import_chunk(Format::Csv, ROWS, 2)).unwrap();
    let report = import();
    let found: Vec<_> = report.rows.iter().map(|row| (row.row, row.outcome)).collect();
    let expected =
        [(2, Created), (3, Created), (4, Created), (5, Failed), (6, Failed), (7, Failed), (8, Failed), (9, Updated)];
    assert_eq!(found, expected);
    let reasons: Vec<_> = report.rows.iter().filter_map(|row| row.fault.as_ref()).map(|fault| &*fault.reason).collect();
    assert_eq!(reasons, ["PRICE_LIST_NOT_FOUND", "INVALID_REQUEST", "INVALID_REQUEST", "INVALID_ROW"]);
    assert_eq!(house.take_published().len(), 1);
    assert_eq!((amount(&house, &context(), 1), amount(&house, &context(), 10)), (1_000, 850));
    // The file says two things of one price, so it is put right and back again; what it says once is unchanged.
    let again = import();
    assert_eq!((again.created, again.updated, again.unchanged, again.failed), (0, 2, 2, 4));
}

#[test]
fn what_is_exported_is_imported() {
    for format in [Format::Csv, Format::JsonLines] {
        let (one, other) = (open(), open());
        for code in ["base", "sale"] {
            let list = make(&one, draft(code));
            make(&other, draft(code));
            for hundred in 0..6 {
                let prices: Vec<Entry> = (0..100)
                    .flat_map(|n| {
                        [1, 10].map(|tier| entry(&format!("sku-{hundred}-{n}"), tier, 1_000 - i64::from(tier)))
                    })
                    .collect();
                put(&one, list, &prices);
            }
        }
        let (mut cursor, mut chunks) = (None, 0);
        loop {
            let chunk = one.call_read_only(|| transfer::export_chunk(format, cursor.as_deref())).unwrap();
            let report = other.call(|| transfer::import_chunk(format, &chunk.text, 1)).unwrap();
            assert_eq!((report.created, report.failed), (chunk.rows, 0));
            let back = one.call(|| transfer::import_chunk(format, &chunk.text, 1)).unwrap();
            assert_eq!(back.unchanged, chunk.rows);
            chunks += 1;
            cursor = chunk.next;
            if cursor.is_none() {
                break;
            }
        }
        assert!(chunks > 2);
        for list in [1, 2] {
            let (mut after, mut seen) = (None, 0);
            loop {
                let [left, right] =
                    [&one, &other].map(|house| house.call_read_only(|| entries::list(list, after.as_deref())).unwrap());
                assert_eq!((&left.entries, &left.next), (&right.entries, &right.next));
                seen += left.entries.len();
                after = left.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(seen, 1_200);
        }
    }
}

#[test]
fn a_sheet_has_all_that_can_ever_win_in_its_order() {
    let house = open();
    let base = make(&house, draft("base"));
    put(&house, base, &[entry("mug", 1, 1_000), entry("mug", 10, 900), entry("plate", 1, 500)]);
    let sale = PriceListDraft { from_ms: Some(2_000), until_ms: Some(4_000), ..draft("sale") };
    let from = Entry { from_ms: Some(3_000), until_ms: Some(9_000), compare_at: Some(1_000), ..entry("mug", 1, 700) };
    put(&house, make(&house, sale), &[from]);
    let vip = PriceListDraft { customer_group: "vip".into(), ..draft("vip") };
    put(&house, make(&house, vip), &[entry("mug", 1, 800)]);
    let dollars = PriceListDraft { currency: "USD".into(), tax_included: false, ..draft("dollars") };
    put(&house, make(&house, dollars), &[entry("mug", 1, 1_100)]);
    put(&house, make(&house, PriceListDraft { enabled: false, ..draft("off") }), &[entry("mug", 1, 1)]);
    let sheets = |since: u64| {
        let skus = ["plate", "nothing", "mug"].map(str::to_owned);
        house.call_read_only(|| prices::sheets(&skus, since)).unwrap()
    };
    let found = sheets(0);
    assert_eq!(found.iter().map(|sheet| sheet.sku.as_str()).collect::<Vec<_>>(), ["plate", "mug"]);
    let of_mug = |sheets: &[Sheet]| -> Vec<(String, i64)> {
        sheets[1].offers.iter().map(|offer| (offer.price_list.clone(), offer.amount)).collect()
    };
    let all = [("vip", 800), ("sale", 700), ("base", 900), ("base", 1_000), ("dollars", 1_100)];
    let named = |offers: &[(&str, i64)]| offers.iter().map(|(list, amount)| ((*list).to_owned(), *amount)).collect();
    let expected: Vec<(String, i64)> = named(&all);
    assert_eq!(of_mug(&found), expected);
    let offer = &found[1].offers[1];
    assert_eq!((offer.from_ms, offer.until_ms, offer.compare_at), (Some(3_000), Some(4_000), Some(1_000)));
    assert_eq!((found[1].offers[0].customer_group.as_str(), found[1].offers[2].min_quantity), ("vip", 10));
    assert_eq!((found[1].offers[4].currency.as_str(), found[1].offers[4].tax_included), ("USD", false));
    // What is over is left out, and only then.
    assert_eq!(of_mug(&sheets(3_999)), expected);
    let later: Vec<(String, i64)> = expected.into_iter().filter(|(list, _)| list != "sale").collect();
    assert_eq!(of_mug(&sheets(4_000)), later);
    let many: Vec<String> = (0..501).map(|number| number.to_string()).collect();
    assert_eq!(reason(house.call_read_only(|| prices::sheets(&many, 0))), "INVALID_REQUEST");
}
