//! Taxes: rules say which apply and at which rate, the commerce crate reckons them.

use fondaco_commerce::decimal::Decimal;
use fondaco_commerce::tax::{self, Assessment};
use fondaco_sdk::bindings::fondaco::plugin::tax::{Item, Part, Taxable, Taxables};
use fondaco_sdk::bindings::fondaco::types::faults::{Code, Fault};
use fondaco_sdk::bindings::fondaco::types::money;

use crate::bindings::exports::fondaco::pricing::quotes::TaxPart;
use crate::bindings::fondaco::plugin::evaluations::Points;
use crate::bindings::fondaco::plugin::taxes::Verdict;
use crate::desk::{Desk, Taxed};
use crate::faults::{bad_verdict, fault};
use crate::policy::Policy;
use crate::ports::Evaluation;

pub(crate) async fn run<E: Evaluation>(desk: &mut Desk<E>, policy: &Policy) -> Result<(), Fault> {
    if !desk.prepare(Points::TAX)? {
        untaxed(desk);
        return Ok(());
    }
    let taxables = taxables(desk, policy);
    let verdicts = desk.evaluation.taxes(&desk.cart, &taxables).await?;
    let sheet = Sheet::read(&verdicts, &taxables, &desk.cart.context.currency)?;
    let assessment = sheet.assess(policy, &taxables)?;
    let rates = sheet.rates;
    book_sums(desk, &assessment);
    book_parts(desk, verdicts, &assessment, &rates);
    Ok(())
}

fn untaxed<E: Evaluation>(desk: &mut Desk<E>) {
    let bare = |total: i64| Taxed { net: total, gross: total, ..Taxed::default() };
    for (work, line) in desk.lines.iter_mut().zip(&desk.cart.lines) {
        work.taxes = bare(line.total);
    }
    desk.shipping_tax = bare(desk.cart.shipping.as_ref().map_or(0, |shipping| shipping.total));
}

/// Lines in their order, then shipping.
fn taxables<E: Evaluation>(desk: &Desk<E>, policy: &Policy) -> Taxables {
    let lines = (0..).zip(&desk.cart.lines).map(|(index, line)| Taxable {
        item: Item::Line(index),
        amount: line.total,
        category: line.tax_category.clone(),
    });
    let shipping = desk.cart.shipping.as_ref().map(|shipping| Taxable {
        item: Item::Shipping,
        amount: shipping.total,
        category: policy.shipping_tax_category.clone(),
    });
    Taxables { prices_include_tax: policy.prices_include_tax, items: lines.chain(shipping).collect() }
}

/// What plugins said, by item.
struct Sheet {
    /// All taxes, those of one item together, items in their order.
    parts: Vec<tax::Part>,
    /// Where in `parts` each item's end.
    ends: Vec<usize>,
    /// The rates among them, written out.
    rates: Rates,
}

/// A tax is another when its name, who levies it or its rate is another. There are a handful in a cart, so a list is
/// quicker than a map.
#[derive(Default)]
struct Keys<'a> {
    known: Vec<(&'a str, &'a str, Decimal)>,
}

impl<'a> Keys<'a> {
    fn of(&mut self, part: &'a Part, rate: Decimal) -> u32 {
        let wanted = (part.jurisdiction.as_str(), part.name.as_str(), rate);
        let position = self.known.iter().position(|known| *known == wanted).unwrap_or_else(|| {
            self.known.push(wanted);
            self.known.len() - 1
        });
        u32::try_from(position).unwrap_or(u32::MAX)
    }
}

/// Rates as text, each written once.
struct Rates(Vec<(Decimal, String)>);

impl Rates {
    fn of(keys: &Keys<'_>) -> Self {
        let rates = keys.known.iter().map(|(_, _, rate)| *rate);
        Self(rates.map(|rate| (rate, rate.normalized().to_string())).collect())
    }

    fn text(&self, rate: &money::Decimal) -> String {
        let same = |known: Decimal| known.coefficient() == rate.coefficient && known.scale() == rate.scale;
        if let Some((_, text)) = self.0.iter().find(|(known, _)| same(*known)) {
            return text.clone();
        }
        // 19.0 beside 19: the same tax, written in another way.
        let rate = Decimal::new(rate.coefficient, rate.scale).unwrap_or_default();
        rate.normalized().to_string()
    }
}

impl Sheet {
    fn read(verdicts: &[Verdict], taxables: &Taxables, currency: &str) -> Result<Self, Fault> {
        let mut keys = Keys::default();
        let mut entries: Vec<(usize, tax::Part)> = Vec::with_capacity(taxables.items.len());
        for verdict in verdicts {
            let Ok(taxation) = &verdict.outcome else {
                continue;
            };
            let plugin = verdict.source.plugin.as_str();
            if taxation.currency != currency {
                return Err(bad_verdict(
                    plugin,
                    format!("taxes in {}, and the cart is in {currency}", taxation.currency),
                ));
            }
            for item in &taxation.items {
                let index = position(item.item, taxables).ok_or_else(|| bad_verdict(plugin, "a tax on no item"))?;
                for part in &item.parts {
                    let rate = Decimal::new(part.rate.coefficient, part.rate.scale)
                        .map_err(|error| bad_verdict(plugin, error))?;
                    entries.push((index, tax::Part { key: keys.of(part, rate), rate, amount: part.amount }));
                }
            }
        }
        // Stable: the taxes of one item stay in the order in which plugins named them.
        entries.sort_by_key(|(index, _)| *index);
        Ok(Self::of(&entries, taxables.items.len(), &keys))
    }

    fn of(entries: &[(usize, tax::Part)], items: usize, keys: &Keys<'_>) -> Self {
        let ends = (0..items).map(|item| entries.partition_point(|(index, _)| *index <= item));
        Self { ends: ends.collect(), parts: entries.iter().map(|(_, part)| *part).collect(), rates: Rates::of(keys) }
    }

    fn assess(&self, policy: &Policy, taxables: &Taxables) -> Result<Assessment, Fault> {
        let mut start = 0;
        let mut items = Vec::with_capacity(taxables.items.len());
        for (taxable, end) in taxables.items.iter().zip(&self.ends) {
            let parts = self.parts.get(start..*end).unwrap_or_default();
            items.push(tax::Item { amount: taxable.amount, parts });
            start = *end;
        }
        tax::assess(&policy.tax(), &items)
            .map_err(|error| fault(Code::FailedPrecondition, "INVALID_VERDICT", format!("Taxes: {error}.")))
    }
}

/// The position among the taxables: lines stand at their own, shipping behind them.
fn position(item: Item, taxables: &Taxables) -> Option<usize> {
    match item {
        Item::Line(index) => {
            let found = taxables.items.get(index as usize)?;
            (found.item == item).then_some(index as usize)
        }
        Item::Shipping => {
            let last = taxables.items.last()?;
            (last.item == Item::Shipping).then_some(taxables.items.len() - 1)
        }
    }
}

fn book_sums<E: Evaluation>(desk: &mut Desk<E>, assessment: &Assessment) {
    let shipping = std::iter::once(&mut desk.shipping_tax);
    let places = desk.lines.iter_mut().map(|line| &mut line.taxes).chain(shipping);
    for (place, item) in places.zip(assessment.items()) {
        *place = Taxed { parts: Vec::new(), tax: item.tax, net: item.net, gross: item.gross };
    }
}

/// Moves the taxes' texts out of the verdicts into the lines; the n-th tax of an item has the n-th amount.
fn book_parts<E: Evaluation>(desk: &mut Desk<E>, verdicts: Vec<Verdict>, assessment: &Assessment, rates: &Rates) {
    for verdict in verdicts {
        let fault = match verdict.outcome {
            Ok(taxation) => {
                for item in taxation.items {
                    book_item(desk, item.item, item.parts, assessment, rates);
                }
                None
            }
            Err(fault) => Some(fault),
        };
        desk.note("tax", verdict.source, fault);
    }
}

fn book_item<E: Evaluation>(desk: &mut Desk<E>, item: Item, parts: Vec<Part>, assessment: &Assessment, rates: &Rates) {
    let lines = desk.lines.len();
    let (index, place) = match item {
        Item::Line(index) => (index as usize, desk.lines.get_mut(index as usize).map(|line| &mut line.taxes)),
        Item::Shipping => (lines, Some(&mut desk.shipping_tax)),
    };
    let (Some(place), Some(assessed)) = (place, assessment.items().get(index)) else {
        return;
    };
    for Part { jurisdiction, name, rate, .. } in parts {
        let amount = assessment.parts(assessed).get(place.parts.len()).copied().unwrap_or_default();
        place.parts.push(TaxPart { jurisdiction, name, rate: rates.text(&rate), amount });
    }
}
