//! A quote as people read it.

use iso_currency::Currency;

use super::priced::{Entered, Line, PricedCart, Violation};
use crate::output::Output;

pub(super) fn of(output: Output, cart: &PricedCart, explain: bool) -> String {
    let money = Money::of(&cart.currency);
    let mut parts = vec![lines(output, cart, &money)];
    parts.extend(discounts(output, cart, &money));
    parts.extend(codes(output, &cart.codes));
    parts.extend(shipping(output, cart, &money));
    parts.extend(points(cart, &money));
    parts.extend(violations(output, &cart.violations));
    if explain {
        parts.extend(explanations(output, cart, &money));
    }
    parts.push(totals(output, cart, &money));
    parts.join("\n\n")
}

fn lines(output: Output, cart: &PricedCart, money: &Money) -> String {
    let rows = cart.lines.iter().map(|line| row(line, money)).collect();
    output.table(&["LINE", "SKU", ">QTY", ">BASE", ">UNIT", ">DISCOUNT", ">TOTAL", ">TAX", "PRICED BY"], rows)
}

fn row(line: &Line, money: &Money) -> Vec<String> {
    let off: i64 = line.discounts.iter().map(|share| share.amount).sum();
    let ruled = line.price.as_ref().map(|price| format!("{}: {}", price.plugin, price.rule));
    let gift = || if line.gift { "gift".to_owned() } else { String::new() };
    vec![
        line.id.clone(),
        line.sku.clone(),
        line.quantity.to_string(),
        money.plain(line.base_unit),
        money.plain(line.unit),
        if off == 0 { "-".to_owned() } else { money.plain(-off) },
        money.plain(line.total),
        money.plain(line.tax),
        ruled.or_else(|| line.price_list.as_ref().map(|list| format!("list {list}"))).unwrap_or_else(gift),
    ]
}

fn discounts(output: Output, cart: &PricedCart, money: &Money) -> Option<String> {
    if cart.discounts.is_empty() {
        return None;
    }
    let rows = cart.discounts.iter().map(|given| {
        vec![money.plain(-given.amount), given.class.clone(), given.plugin.clone(), given.message.clone()]
    });
    Some(output.table(&[">DISCOUNT", "OFF", "PLUGIN", "MESSAGE"], rows.collect()))
}

fn codes(output: Output, codes: &[Entered]) -> Option<String> {
    let line = |code: &Entered| {
        let status = if code.status == "accepted" { output.good(&code.status) } else { output.bad(&code.status) };
        let reason = code.reason.as_deref().map(|reason| format!(" {reason}")).unwrap_or_default();
        let message = code.message.as_deref().map(|message| format!(": {message}")).unwrap_or_default();
        format!("code {} {status}{reason}{message}", code.code)
    };
    (!codes.is_empty()).then(|| codes.iter().map(line).collect::<Vec<_>>().join("\n"))
}

fn shipping(output: Output, cart: &PricedCart, money: &Money) -> Option<String> {
    if cart.shipping_options.is_empty() {
        return None;
    }
    let chosen = cart.shipping.as_ref().map(|shipping| shipping.code.as_str());
    let rows = cart.shipping_options.iter().map(|option| {
        let days = match (option.min_days, option.max_days) {
            (Some(least), Some(most)) => format!("{least}-{most}"),
            (Some(days), None) | (None, Some(days)) => days.to_string(),
            (None, None) => "-".to_owned(),
        };
        let mark = if chosen == Some(&option.code) { "chosen" } else { "" };
        vec![option.code.clone(), option.title.clone(), money.plain(option.price), days, mark.to_owned()]
    });
    Some(output.table(&["SHIPPING", "TITLE", ">PRICE", "DAYS", ""], rows.collect()))
}

fn points(cart: &PricedCart, money: &Money) -> Option<String> {
    let earned: u64 = cart.loyalty.earn.iter().map(|credit| credit.points).sum();
    let spent = cart.loyalty.spent;
    match (earned, spent) {
        (0, 0) => None,
        (earned, 0) => Some(format!("earns {earned} points")),
        (earned, spent) => {
            Some(format!("earns {earned} points, spends {spent} worth {}", money.full(cart.loyalty.worth)))
        }
    }
}

fn violations(output: Output, violations: &[Violation]) -> Option<String> {
    let line = |violation: &Violation| {
        let word = if violation.blocking { output.bad("stops") } else { "warns".to_owned() };
        format!("{word} {}: {}", violation.code, violation.message)
    };
    (!violations.is_empty()).then(|| violations.iter().map(line).collect::<Vec<_>>().join("\n"))
}

fn explanations(output: Output, cart: &PricedCart, money: &Money) -> Vec<String> {
    let mut parts = Vec::new();
    let reasons: Vec<String> = cart
        .lines
        .iter()
        .filter_map(|line| line.price.as_ref().map(|price| (line, price)))
        .flat_map(|(line, price)| price.reasons.iter().map(move |reason| format!("{}: {reason}", line.id)))
        .collect();
    if !reasons.is_empty() {
        parts.push(reasons.join("\n"));
    }
    if !cart.runners_up.is_empty() {
        let rows = cart
            .runners_up
            .iter()
            .map(|lost| vec![money.plain(-lost.amount), lost.why.clone(), lost.plugin.clone(), lost.message.clone()]);
        parts.push(output.table(&[">LOST", "WHY", "PLUGIN", "MESSAGE"], rows.collect()));
    }
    let rows = cart.plugins.iter().map(|ran| {
        let fault =
            ran.fault.as_ref().map_or_else(|| "ok".to_owned(), |fault| format!("{}: {}", fault.reason, fault.message));
        vec![
            ran.point.clone(),
            format!("{}@{}", ran.source.plugin, ran.source.version),
            ran.source.fuel.to_string(),
            fault,
        ]
    });
    parts.push(output.table(&["POINT", "PLUGIN", ">FUEL", "OUTCOME"], rows.collect()));
    if !cart.timings.is_empty() {
        let rows = cart.timings.iter().map(|timing| {
            vec![timing.stage.clone(), format!("{}.{}", timing.nanos / 1_000, timing.nanos % 1_000 / 100)]
        });
        parts.push(output.table(&["STAGE", ">µs"], rows.collect()));
    }
    parts
}

fn totals(output: Output, cart: &PricedCart, money: &Money) -> String {
    let totals = &cart.totals;
    let tax = if cart.prices_include_tax { "tax (included)" } else { "tax" };
    let mut rows = vec![("items", totals.items)];
    if totals.discounts != 0 {
        rows.push(("discounts", -totals.discounts));
    }
    rows.extend([("shipping", totals.shipping), ("net", totals.net), (tax, totals.tax)]);
    let width = rows.iter().map(|(_, amount)| money.plain(*amount).len()).max().unwrap_or_default();
    let mut text: Vec<String> =
        rows.iter().map(|(name, amount)| format!("{name:<15}{:>width$}", money.plain(*amount))).collect();
    let total = format!("{:<15}{:>width$} {}", "to pay", money.plain(totals.grand), cart.currency);
    text.push(output.strong(&total));
    text.push(output.faint(&format!("plugin set {}", cart.revision.get(..12).unwrap_or(&cart.revision))));
    text.join("\n")
}

/// Minor units as people write them.
struct Money {
    code: String,
    decimals: u32,
}

impl Money {
    fn of(code: &str) -> Self {
        let exponent = Currency::from_code(code).and_then(Currency::exponent);
        Self { code: code.to_owned(), decimals: exponent.map_or(2, u32::from) }
    }

    fn plain(&self, minor: i64) -> String {
        let one = 10_u64.pow(self.decimals);
        let sign = if minor < 0 { "-" } else { "" };
        let (whole, rest) = (minor.unsigned_abs() / one, minor.unsigned_abs() % one);
        match self.decimals {
            0 => format!("{sign}{whole}"),
            decimals => format!("{sign}{whole}.{rest:0>width$}", width = decimals as usize),
        }
    }

    fn full(&self, minor: i64) -> String {
        format!("{} {}", self.plain(minor), self.code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_decimals_of_their_currency() {
        assert_eq!(Money::of("EUR").plain(-5), "-0.05");
        assert_eq!(Money::of("EUR").full(125_000), "1250.00 EUR");
        assert_eq!(Money::of("JPY").plain(1250), "1250");
        assert_eq!(Money::of("KWD").plain(1250), "1.250");
        assert_eq!(Money::of("EUR").plain(i64::MIN), "-92233720368547758.08");
    }

    #[test]
    fn a_quote_reads_like_a_bill() {
        let cart: PricedCart = serde_json::from_str(include_str!("example.json")).unwrap();
        insta::assert_snapshot!(of(Output::PLAIN, &cart, true));
    }
}
