#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use super::*;
use crate::{Decimal, Money};

#[derive(Debug, PartialEq, Config)]
struct Whole {
    title: String,
    max_units: u32,
    least: Option<i64>,
    percent: Percent,
    kind: Kind,
    off: Vec<Off>,
    rates: Map<Decimal>,
    #[config(default)]
    exact: bool,
    #[config(default = 7)]
    days: u8,
    #[config(name = "from")]
    start: Option<Timestamp>,
    price: Option<Money>,
}

#[derive(Debug, PartialEq, Config)]
enum Kind {
    EachUnit,
    Once,
}

#[derive(Debug, PartialEq, Config)]
enum Off {
    Nothing,
    Percent(Decimal),
    Fixed(Amount),
}

#[derive(Debug, PartialEq, Config)]
#[config(check = Amount::is_positive)]
struct Amount {
    minor: i64,
}

impl Amount {
    fn is_positive(&self) -> Result<(), &'static str> {
        (self.minor > 0).then_some(()).ok_or("`minor` must be positive")
    }
}

const GOOD: &str = r#" {
    "title": "A \"sale\" \u00e4\ud83d\ude00\n", "maxUnits": 3, "least": -4, "percent": 12.50, "kind": "each-unit",
    "off": ["nothing", {"percent": 0.5}, {"fixed": {"minor": 100}}],
    "rates": {"DE": 19, "FR": "5.5"}, "exact": true,
    "from": "2026-11-27T00:00:00+01:00", "price": {"currency": "EUR", "minor": 999}
} "#;

fn wrong(json: &str) -> (String, String) {
    let fault = parse::<Whole>(json).unwrap_err();
    assert_eq!((fault.code, fault.reason.as_str()), (Code::InvalidArgument, "INVALID_CONFIG"));
    (fault.metadata[0].1.clone(), fault.message)
}

/// What is wrong with good config after one replacement.
fn changed(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    wrong(&GOOD.replacen(from, to, 1)).1
}

#[test]
fn reads_everything() {
    let decimal = |coefficient, scale| Decimal { coefficient, scale };
    let expected = Whole {
        title: "A \"sale\" ä😀\n".into(),
        max_units: 3,
        least: Some(-4),
        percent: Percent(decimal(1250, 2)),
        kind: Kind::EachUnit,
        off: vec![Off::Nothing, Off::Percent(decimal(5, 1)), Off::Fixed(Amount { minor: 100 })],
        rates: Map(vec![("DE".into(), decimal(19, 0)), ("FR".into(), decimal(55, 1))]),
        exact: true,
        days: 7,
        start: Some(Timestamp { ms: 1_795_734_000_000 }),
        price: Some(Money::new(999, "EUR")),
    };
    assert_eq!(parse::<Whole>(GOOD).unwrap(), expected);
    let once = parse::<Whole>(&GOOD.replace("each-unit", "once")).unwrap();
    assert_eq!(once.kind, Kind::Once);
}

#[test]
fn says_where_and_what() {
    assert_eq!(
        changed("\"maxUnits\": 3", "\"maxUnits\": 4294967296"),
        "config at `maxUnits`: expected a whole number from 0 to 4294967295, found 4294967296"
    );
    assert_eq!(
        changed("{\"minor\": 100}", "{\"minor\": \"x\"}"),
        "config at `off[2].fixed.minor`: expected a whole number from -9223372036854775808 to 9223372036854775807, found x"
    );
    assert_eq!(
        changed("\"percent\": 0.5", "\"percent\": true"),
        "config at `off[1].percent`: expected a decimal, found a boolean"
    );
    assert_eq!(changed("each-unit", "twice"), "config at `kind`: expected one of each-unit, once, found \"twice\"");
    assert_eq!(changed("\"minor\": 100", "\"minor\": 0"), "config at `off[2].fixed`: `minor` must be positive");
    assert_eq!(
        changed("\"title\"", "\"titel\"").split(", ").next().unwrap(),
        "config at `titel`: unknown; expected title"
    );
    assert_eq!(changed("\"exact\": true", "\"maxUnits\": 4"), "config at `maxUnits`: given twice");
    assert_eq!(changed("\"FR\"", "\"DE\""), "config at `rates.DE`: given twice");
    assert_eq!(changed("12.50", "100.5"), "config at `percent`: expected percent, from 0 to 100");
    assert_eq!(changed("12.50", "-0.5"), "config at `percent`: expected percent, from 0 to 100");
    assert_eq!(changed("12.50", "1e1"), "config at `percent`: expected a decimal such as 12.5, found 1e1");
    assert_eq!(
        changed("11-27", "02-29").split(", found").next().unwrap(),
        "config at `from`: expected a time such as 2026-11-27T00:00:00Z"
    );
    assert_eq!(wrong("{}").1, "config at `title`: missing");
    assert_eq!(wrong("[]").1, "config: expected an object, found an array");
    assert_eq!(wrong("").1, "config at `title`: missing");
    assert_eq!(wrong(&[GOOD, "x"].concat()).1, "config: expected the end, found something that is not JSON");
    assert_eq!(changed("{\"percent\": 0.5}", "{}"), "config at `off[1]`: expected one case, found an empty object");
}

#[test]
fn whole_numbers_keep_to_their_types() {
    assert_eq!(parse::<i16>("-32768").unwrap(), i16::MIN);
    assert_eq!(parse::<i64>("-9223372036854775808").unwrap(), i64::MIN);
    assert_eq!(parse::<u64>("\"18446744073709551615\"").unwrap(), u64::MAX);
    assert_eq!(parse::<u8>("255").unwrap(), 255);
    for bad in ["256", "-1", "1.0", "1e2", "--1", "\"\"", "-"] {
        assert!(parse::<u8>(bad).is_err(), "{bad}");
    }
    assert!(parse::<u64>("18446744073709551616").is_err());
    assert!(parse::<i64>("-9223372036854775809").is_err());
}

#[test]
fn knows_the_calendar() {
    let ms = |text: &str| parse::<Timestamp>(&["\"", text, "\""].concat()).map(|moment| moment.ms).ok();
    assert_eq!(ms("1970-01-01T00:00:00Z"), Some(0));
    assert_eq!(ms("2000-02-29T23:59:59Z"), Some(951_868_799_000));
    assert_eq!(ms("2026-11-27T00:00:00-05:30"), Some(1_795_757_400_000));
    for bad in [
        "1969-12-31T23:59:59Z",
        "2026-13-01T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-01-01",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:00:00",
        "2026/01/01T00:00:00Z",
        "2026-01-01T00:00:00ä",
    ] {
        assert_eq!(ms(bad), None, "{bad}");
    }
}

#[test]
fn no_config_is_an_empty_object() {
    assert_eq!(parse::<()>(""), Ok(()));
    assert_eq!(parse::<()>(" {} "), Ok(()));
    assert!(parse::<()>("{\"a\": 1}").is_err());
}

/// Each prefix, and each byte replaced: an answer or a fault, no panic.
#[test]
fn survives_any_text() {
    let mut faults = 0;
    for at in 0..GOOD.len() {
        for replacement in ["", "\"", "\\", "{", "9", "\0", "ä", "\\ud83d"] {
            let (Some(before), Some(after)) = (GOOD.get(..at), GOOD.get(at + 1..)) else { continue };
            faults += usize::from(parse::<Whole>(&[before, replacement, after].concat()).is_err());
            faults += usize::from(parse::<Whole>(&[before, replacement].concat()).is_err());
        }
    }
    assert!(faults > GOOD.len());
}
