//! The bounds of `tax.taxation`.

use super::{Item, ItemTax, Part, Taxables, Taxation};
use crate::invalid::{At, Check, Invalid, amount, count, currency, percent, text};
use crate::lines::{Seen, known};
use crate::wit::Cart;

/// Taxes on one item.
const MAX_PARTS: usize = 8;
/// The highest rate, in percent.
const MAX_RATE: i64 = 1_000;

/// Whether `answer` taxes only what is among `taxables`, each item at most once, within bounds.
pub(super) fn taxation(answer: &Taxation, cart: &Cart, taxables: &Taxables) -> Check {
    currency(&answer.currency, &cart.context.currency)?;
    count(answer.items.len(), taxables.items.len(), "TOO_MANY_ITEMS").at(|| "items".into())?;
    let mut asked = Asked::of(cart, taxables);
    for (index, entry) in answer.items.iter().enumerate() {
        item(entry, cart, &mut asked).at(|| format!("items[{index}]"))?;
    }
    Ok(())
}

fn item(entry: &ItemTax, cart: &Cart, asked: &mut Asked) -> Check {
    asked.once(entry.item, cart)?;
    count(entry.parts.len(), MAX_PARTS, "TOO_MANY_PARTS").at(|| "parts".into())?;
    for (index, entry) in entry.parts.iter().enumerate() {
        part(entry).at(|| format!("parts[{index}]"))?;
    }
    Ok(())
}

fn part(part: &Part) -> Check {
    text(&part.jurisdiction, 32).at(|| "jurisdiction".into())?;
    text(&part.name, 64).at(|| "name".into())?;
    percent(part.rate, MAX_RATE, "RATE_OUT_OF_RANGE").at(|| "rate".into())?;
    part.amount.map_or(Ok(()), |tax| amount(tax, "NEGATIVE_AMOUNT").at(|| "amount".into()))
}

/// What may still be answered about.
struct Asked {
    /// Whether each line of the cart is among the taxables.
    lines: Vec<bool>,
    shipping: bool,
    seen: Seen,
    seen_shipping: bool,
}

impl Asked {
    fn of(cart: &Cart, taxables: &Taxables) -> Self {
        let mut lines = vec![false; cart.lines.len()];
        let mut shipping = false;
        for taxable in &taxables.items {
            match taxable.item {
                Item::Shipping => shipping = true,
                Item::Line(line) => {
                    if let Some(asked) = lines.get_mut(line as usize) {
                        *asked = true;
                    }
                }
            }
        }
        Self { lines, shipping, seen: Seen::of(cart), seen_shipping: false }
    }

    fn once(&mut self, item: Item, cart: &Cart) -> Check {
        match item {
            Item::Line(line) => {
                known(cart, line).map_err(|invalid| Invalid { path: "item".into(), ..invalid })?;
                if self.lines.get(line as usize) != Some(&true) {
                    return Err(Invalid::new(
                        "UNKNOWN_ITEM",
                        "item",
                        format!("is line {line}, which is not taxed here"),
                    ));
                }
                self.seen.once(line).map_err(|invalid| Invalid { path: "item".into(), ..invalid })
            }
            Item::Shipping if !self.shipping => {
                Err(Invalid::new("UNKNOWN_ITEM", "item", "is shipping, which is not taxed here"))
            }
            Item::Shipping if self.seen_shipping => {
                Err(Invalid::new("DUPLICATE_ITEM", "item", "is shipping, which was named before"))
            }
            Item::Shipping => {
                self.seen_shipping = true;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::samples::{cart_of, reason_of};
    use crate::tax::Taxable;
    use crate::wit::Decimal;

    fn part(coefficient: i64, scale: u8, amount: Option<i64>) -> Part {
        Part { jurisdiction: "DE".into(), name: "VAT".into(), rate: Decimal { coefficient, scale }, amount }
    }

    fn on(item: Item, parts: Vec<Part>) -> ItemTax {
        ItemTax { item, parts }
    }

    fn answer(items: Vec<ItemTax>) -> Taxation {
        Taxation { currency: "EUR".into(), items }
    }

    fn first(part: Part) -> Taxation {
        answer(vec![on(Item::Line(0), vec![part])])
    }

    /// Lines 0 and 1 of three, and shipping.
    fn taxables() -> Taxables {
        let item = |item| Taxable { item, amount: 1_000, category: String::new() };
        Taxables {
            prices_include_tax: true,
            items: vec![item(Item::Line(0)), item(Item::Line(1)), item(Item::Shipping)],
        }
    }

    #[rstest]
    #[case(answer(vec![]), "ok")]
    #[case(answer(vec![on(Item::Shipping, vec![]), on(Item::Line(1), vec![part(19, 0, None)])]), "ok")]
    #[case(Taxation { currency: "USD".into(), items: vec![] }, "FOREIGN_CURRENCY")]
    #[case(answer(vec![on(Item::Line(3), vec![])]), "UNKNOWN_LINE")]
    #[case(answer(vec![on(Item::Line(2), vec![])]), "UNKNOWN_ITEM")]
    #[case(answer(vec![on(Item::Line(0), vec![]), on(Item::Line(0), vec![])]), "DUPLICATE_LINE")]
    #[case(answer(vec![on(Item::Shipping, vec![]), on(Item::Shipping, vec![])]), "DUPLICATE_ITEM")]
    #[case(answer(vec![on(Item::Shipping, vec![]); 4]), "TOO_MANY_ITEMS")]
    #[case(answer(vec![on(Item::Line(0), vec![part(1, 0, None); 9])]), "TOO_MANY_PARTS")]
    #[case(first(part(1_000, 0, None)), "ok")]
    #[case(first(part(1_001, 0, None)), "RATE_OUT_OF_RANGE")]
    #[case(first(part(-1, 0, None)), "RATE_OUT_OF_RANGE")]
    #[case(first(part(1, 19, None)), "INVALID_DECIMAL")]
    #[case(first(part(19, 0, Some(i64::MAX))), "AMOUNT_OUT_OF_RANGE")]
    #[case(first(part(19, 0, Some(-1))), "NEGATIVE_AMOUNT")]
    #[case(first(Part { jurisdiction: "x".repeat(33), ..part(1, 0, None) }), "TEXT_TOO_LONG")]
    #[case(first(Part { name: "x".repeat(65), ..part(1, 0, None) }), "TEXT_TOO_LONG")]
    fn bounds(#[case] answer: Taxation, #[case] expected: &str) {
        assert_eq!(reason_of(taxation(&answer, &cart_of(3), &taxables())), expected);
    }

    #[test]
    fn shipping_that_was_not_asked_about_is_unknown() {
        let mut taxables = taxables();
        taxables.items.pop();
        let answer = answer(vec![on(Item::Shipping, vec![])]);
        assert_eq!(reason_of(taxation(&answer, &cart_of(3), &taxables)), "UNKNOWN_ITEM");
    }
}
