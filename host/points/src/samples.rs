//! Carts for tests, and the canonical cart of the smoke call.

use crate::wit::{Address, Buyer, Cart, ChosenShipping, Context, Decimal, Line, PriceCandidate, Standing};

/// A cart of `lines` lines with all that a rule may look at, in euros.
///
/// Every line has quantity 2 and costs 10.00 and its position in cents; nothing about it changes between releases
/// of the host, so that a plugin that passed its smoke call once passes it again.
pub fn cart_of(lines: u32) -> Cart {
    Cart {
        context: context(),
        lines: (0..lines).map(line).collect(),
        codes: vec!["WELCOME".into()],
        destination: Some(Address {
            country: "DE".into(),
            region: "BE".into(),
            postal_code: "10115".into(),
            city: "Berlin".into(),
            street: vec!["Invalidenstr. 1".into()],
        }),
        shipping: Some(ChosenShipping { code: "standard".into(), price: 490, total: 490 }),
    }
}

fn context() -> Context {
    Context {
        request_id: "smoke".into(),
        store: "smoke".into(),
        channel: "web".into(),
        currency: "EUR".into(),
        country: Some("DE".into()),
        locale: "en".into(),
        now_ms: 1_750_000_000_000,
        utc_offset_minutes: 120,
        buyer: Some(Buyer {
            id: "buyer-1".into(),
            groups: vec!["retail".into()],
            orders: 3,
            spent: 25_000,
            standing: Some(Standing {
                tier: "gold".into(),
                multiplier: Decimal { coefficient: 15, scale: 1 },
                points: 1_000,
            }),
        }),
    }
}

fn line(index: u32) -> Line {
    let unit = 1_000 + i64::from(index);
    Line {
        sku: format!("SKU-{index}"),
        product: format!("P-{}", index / 2),
        category: "shirts".into(),
        tags: vec!["cotton".into(), "summer".into()],
        attributes: vec![],
        quantity: 2,
        unit,
        compare_at: None,
        total: unit * 2,
        grams: 250,
        tax_category: "standard".into(),
        requires_shipping: true,
        gift: false,
        candidates: vec![PriceCandidate {
            id: "list".into(),
            unit: unit - 100,
            min_quantity: 2,
            max_quantity: None,
            group: None,
            from_ms: None,
            until_ms: None,
        }],
    }
}

/// The reason of a broken bound, for tables.
#[cfg(test)]
pub(crate) fn reason_of(check: crate::invalid::Check) -> &'static str {
    check.map_or_else(|invalid| invalid.reason, |()| "ok")
}
