//! What comes in: defaults, and faults that say where.

use super::house::House;
use super::words::{anna, berlin, line, request};
use fondaco_sdk::Code;
use fondaco_sdk::types::PriceCandidate;
use rstest::rstest;
use service_pricing::contract::{CodeStatus, Line, Request};
use std::sync::Mutex;

#[test]
fn a_plain_cart_is_priced_without_any_rule() {
    let house = House::default();
    let priced = house.quote(request(vec![line("mug", 2, 999), line("lamp", 1, 4_000)])).unwrap();
    assert_eq!((priced.totals.items, priced.totals.grand, priced.totals.tax), (5_998, 5_998, 0));
    let ids: Vec<&str> = priced.lines.iter().map(|line| line.id.as_str()).collect();
    assert_eq!(ids, ["0", "1"]);
    assert_eq!((priced.revision.as_str(), priced.now_ms, priced.timings), ("revision-1", 1_000, None));
    assert_eq!(house.calls(), ["open"]);
}

#[test]
fn what_is_absent_is_filled_in() {
    let seen = std::rc::Rc::new(Mutex::new(None));
    let keep = seen.clone();
    let mut house = House::default();
    house.validations.push((
        "look",
        Box::new(move |cart, _| {
            *keep.lock().unwrap() = Some(cart.clone());
            Ok(vec![])
        }),
    ));
    let sparse =
        Request { request_id: None, now_ms: None, destination: Some(berlin()), ..request(vec![line("mug", 1, 5)]) };
    house.quote(sparse).unwrap();
    let cart = seen.lock().unwrap().take().unwrap();
    let context = &cart.context;
    assert_eq!((context.request_id.as_str(), context.store.as_str()), ("host-1", "acme"));
    assert_eq!((context.channel.as_str(), context.locale.as_str(), context.now_ms), ("web", "en", 1_700_000_000_000));
    assert_eq!(context.country.as_deref(), Some("DE"));
    assert_eq!((cart.lines[0].product.as_str(), cart.lines[0].requires_shipping), ("mug", true));
}

#[test]
fn codes_are_trimmed_raised_and_deduplicated() {
    let codes = vec![" summer ".to_owned(), "Summer".to_owned(), "straße".to_owned()];
    let priced = House::default().quote(Request { codes: Some(codes), ..request(vec![line("mug", 1, 5)]) }).unwrap();
    let codes: Vec<_> = priced.codes.iter().map(|code| (code.code.as_str(), code.status)).collect();
    assert_eq!(codes, [("SUMMER", CodeStatus::Unknown), ("STRASSE", CodeStatus::Unknown)]);
}

fn with(change: impl FnOnce(&mut Request)) -> Request {
    let mut request = Request {
        buyer: Some(anna()),
        destination: Some(berlin()),
        ..request(vec![line("mug", 1, 5), line("lamp", 1, 5), line("pot", 1, 5)])
    };
    change(&mut request);
    request
}

fn candidate(unit: i64) -> PriceCandidate {
    PriceCandidate {
        id: "list".into(),
        unit,
        min_quantity: 1,
        max_quantity: None,
        group: None,
        from_ms: None,
        until_ms: None,
    }
}

fn on_line(change: impl FnOnce(&mut Line)) -> Request {
    with(|request| change(&mut request.lines[1]))
}

#[rstest]
#[case::no_lines(with(|r| r.lines.clear()), "lines")]
#[case::many_lines(with(|r| r.lines = vec![line("mug", 1, 1); 501]), "lines")]
#[case::no_units(on_line(|l| l.quantity = 0), "lines[1].quantity")]
#[case::many_units(on_line(|l| l.quantity = 1_000_001), "lines[1].quantity")]
#[case::negative_price(on_line(|l| l.unit = Some(-1)), "lines[1].unit")]
#[case::negative_compare_at(on_line(|l| l.compare_at = Some(-1)), "lines[1].compareAt")]
#[case::no_sku(on_line(|l| l.sku.clear()), "lines[1].sku")]
#[case::empty_id(on_line(|l| l.id = Some(String::new())), "lines[1].id")]
#[case::many_tags(on_line(|l| l.tags = Some(vec![String::new(); 33])), "lines[1].tags")]
#[case::many_attributes(on_line(|l| l.attributes = Some(vec![(String::new(), String::new()); 17])), "lines[1].attributes")]
#[case::many_candidates(on_line(|l| l.candidates = Some(vec![candidate(1); 65])), "lines[1].candidates")]
#[case::bad_candidate(on_line(|l| l.candidates = Some(vec![candidate(1), candidate(-1)])), "lines[1].candidates[1].unit")]
#[case::id_of_another(on_line(|l| l.id = Some("2".into())), "lines[2].id")]
#[case::lower_case_currency(with(|r| r.currency = "eur".into()), "currency")]
#[case::unknown_currency(with(|r| r.currency = "XYZ".into()), "currency")]
#[case::bad_country(with(|r| r.country = Some("GER".into())), "country")]
#[case::bad_destination(with(|r| r.destination.as_mut().unwrap().country = "1E".into()), "destination.country")]
#[case::long_street(with(|r| r.destination.as_mut().unwrap().street = vec![String::new(); 5]), "destination.street")]
#[case::offset(with(|r| r.utc_offset_minutes = Some(841)), "utcOffsetMinutes")]
#[case::request_id(with(|r| r.request_id = Some("x".repeat(129))), "requestId")]
#[case::channel(with(|r| r.channel = Some(String::new())), "channel")]
#[case::no_buyer_id(with(|r| r.buyer.as_mut().unwrap().id.clear()), "buyer.id")]
#[case::spent(with(|r| r.buyer.as_mut().unwrap().spent = Some(-1)), "buyer.spent")]
#[case::many_groups(with(|r| r.buyer.as_mut().unwrap().groups = Some(vec![String::new(); 33])), "buyer.groups")]
#[case::many_codes(with(|r| r.codes = Some(vec!["A".into(); 17])), "codes")]
#[case::blank_code(with(|r| r.codes = Some(vec!["A".into(), "  ".into()])), "codes[1]")]
#[case::shipping(with(|r| r.shipping = Some(String::new())), "shipping")]
fn a_bad_request_is_refused_with_its_path(#[case] request: Request, #[case] path: &str) {
    let house = House::default();
    let fault = house.quote(request).unwrap_err();
    assert_eq!((fault.code, fault.reason.as_str()), (Code::InvalidArgument, "INVALID_REQUEST"));
    assert_eq!(fault.metadata, [("path".to_owned(), path.to_owned())]);
    assert!(fault.message.starts_with(&format!("{path}: expected ")), "{}", fault.message);
    assert_eq!(house.calls(), Vec::<String>::new());
}

#[rstest]
#[case::one_line(vec![line("gold", 1_000_000, i64::MAX / 1_000)])]
#[case::all_lines(vec![line("gold", 1, i64::MAX / 2 + 1), line("gold", 1, i64::MAX / 2 + 1)])]
fn amounts_that_do_not_fit_are_refused(#[case] lines: Vec<Line>) {
    assert_eq!(House::default().quote(request(lines)).unwrap_err().reason, "AMOUNT_TOO_LARGE");
}

#[test]
fn timings_stand_in_the_answer_only_when_asked_for() {
    let priced = House::default().quote(Request { timings: Some(true), ..request(vec![line("mug", 1, 5)]) }).unwrap();
    let stages: Vec<String> = priced.timings.unwrap().into_iter().map(|timing| timing.stage).collect();
    assert_eq!(stages.first().map(String::as_str), Some("request"));
    assert_eq!(stages.last().map(String::as_str), Some("answer"));
}
