//! The cart under its promotions: each action is a discount that is offered to `stacking::apply`.

use super::{
    catalog::{Shelf, shelf},
    eligibility::is_eligible,
    model::{Action, Case, Filters, Kind, Product, Promotion},
};
use crate::{
    calculators::MODE,
    case::{Problem, not_mapped, same},
    number::too_large,
};
use fondaco_commerce::{
    allocation::largest_remainder,
    decimal::Decimal,
    stacking::{self, Class, LineState, LineTarget, Offers, Policy, Selection, Terms, Value},
};

/// A line under way.
pub(super) struct Line {
    pub(super) shelf: Shelf,
    pub(super) quantity: u32,
    /// What it comes to now.
    pub(super) total: i64,
    /// What it came to after unit discounts alone.
    pub(super) subtotal: i64,
    /// What each unit has lost to the cart's promotions.
    pub(super) unit_discounts: Vec<i64>,
}

/// A cart under way.
pub(super) struct Cart {
    pub(super) lines: Vec<Line>,
    /// The chosen method's fee, and what it comes to now.
    pub(super) fee: Option<i64>,
    pub(super) shipping: Option<i64>,
    /// The cart promotions that took anything off.
    pub(super) applied: Vec<String>,
    /// Whether a promotion with the entered coupon was eligible.
    pub(super) coupon_accepted: bool,
    steps: Vec<Step>,
}

/// One discount as it was offered, so that all of them can be offered again at once.
struct Step {
    class: Class,
    terms: Terms<'static>,
    lines: Vec<u32>,
}

impl Cart {
    pub(super) fn fill(case: &Case) -> Result<Self, Problem> {
        let mut lines: Vec<Line> = Vec::new();
        for line in case.when.cart.iter().flatten().filter(|line| line.quantity > 0) {
            if lines.iter().any(|other| other.shelf.product.sku == line.sku) {
                return not_mapped("one sku in several lines");
            }
            let shelf = shelf(case, &line.sku)?;
            let total = shelf.price.checked_mul(i64::from(line.quantity)).ok_or_else(too_large)?;
            let unit_discounts = vec![0; line.quantity as usize];
            lines.push(Line { shelf, quantity: line.quantity, total, subtotal: total, unit_discounts });
        }
        Ok(Self { lines, fee: None, shipping: None, applied: Vec::new(), coupon_accepted: false, steps: Vec::new() })
    }

    pub(super) fn units(&self) -> u64 {
        self.lines.iter().map(|line| u64::from(line.quantity)).sum()
    }

    pub(super) fn total(&self) -> i64 {
        self.total_where(|_| true)
    }

    pub(super) fn total_where(&self, of: impl Fn(&Product) -> bool) -> i64 {
        self.lines.iter().filter(|line| of(&line.shelf.product)).map(|line| line.total).sum()
    }

    pub(super) fn has(&self, what: impl Fn(&Product) -> bool) -> bool {
        self.lines.iter().any(|line| what(&line.shelf.product))
    }

    fn states(&self) -> Vec<LineState> {
        let state = |line: &Line| {
            let floor = line.shelf.product.min_price.unwrap_or(0).saturating_mul(i64::from(line.quantity));
            LineState { floor: floor.clamp(0, line.total), ..LineState::new(line.quantity, line.total) }
        };
        self.lines.iter().map(state).collect()
    }
}

/// Runs the promotions over the cart: by priority, equal ones as listed, an eligible exclusive one alone; each sees what
/// the ones before it left.
pub(super) fn promote(case: &Case, cart: &mut Cart) -> Result<(), Problem> {
    let before = cart.states();
    let fee = cart.shipping;
    let mut promotions: Vec<&Promotion> =
        case.given.promotions.iter().filter(|promotion| promotion.kind == Kind::Cart).collect();
    promotions.sort_by_key(|promotion| std::cmp::Reverse(promotion.priority));
    for promotion in promotions.iter().filter(|promotion| promotion.exclusive) {
        if is_eligible(case, promotion, cart)? {
            promotions = vec![promotion];
            break;
        }
    }
    for promotion in promotions {
        if is_eligible(case, promotion, cart)? {
            cart.coupon_accepted |= promotion.coupon_based;
            for action in &promotion.actions {
                act(cart, promotion, action)?;
            }
        }
    }
    all_at_once(cart, &before, fee)
}

fn act(cart: &mut Cart, promotion: &Promotion, action: &Action) -> Result<(), Problem> {
    let percentage = || -> Result<Decimal, Problem> {
        let Some(share) = action.config.percentage else {
            return not_mapped("a percentage without a figure");
        };
        share.0.checked_mul(Decimal::whole(100)).ok_or_else(too_large)
    };
    let filters = &action.config.filters;
    // An amount that is not given is one for other channels.
    let amount = action.config.amount;
    match action.kind.as_str() {
        "order_fixed" => match amount {
            Some(amount) => order(cart, promotion, Value::FixedOnce(amount)),
            None => Ok(()),
        },
        "order_percentage" => order(cart, promotion, Value::Percent(percentage()?)),
        "unit_fixed" => match amount {
            Some(amount) => units(cart, promotion, filters, |_| Ok(amount)),
            None => Ok(()),
        },
        // Off the shelf price, whatever came off before.
        "unit_percentage" => {
            let percentage = percentage()?;
            units(cart, promotion, filters, |shelf| Ok(percentage.percent_of(shelf.price, MODE)?))
        }
        "shipping_percentage" => {
            let terms = Terms::new(Value::Percent(percentage()?));
            take(cart, promotion, Step { class: Class::Shipping, terms, lines: Vec::new() })
        }
        other => not_mapped(format!("the mapping does not know the action `{other}`")),
    }
}

/// Whether a promotion leaves a line alone because it is discounted on the shelf.
fn is_left_alone(promotion: &Promotion, line: &Line) -> bool {
    !promotion.applies_to_discounted && !line.shelf.applied.is_empty()
}

fn order(cart: &mut Cart, promotion: &Promotion, value: Value) -> Result<(), Problem> {
    let excluded = (0..).zip(&cart.lines).filter(|(_, line)| is_left_alone(promotion, line)).map(|(index, _)| index);
    let lines = excluded.collect();
    take(cart, promotion, Step { class: Class::Order, terms: Terms::new(value), lines })
}

fn units(
    cart: &mut Cart,
    promotion: &Promotion,
    filters: &Filters,
    amount: impl Fn(&Shelf) -> Result<i64, Problem>,
) -> Result<(), Problem> {
    let mut steps = Vec::new();
    for (index, line) in (0..).zip(&cart.lines) {
        if passes(filters, &line.shelf) && !is_left_alone(promotion, line) {
            let terms = Terms::new(Value::FixedEach(amount(&line.shelf)?));
            steps.push(Step { class: Class::Line, terms, lines: vec![index] });
        }
    }
    steps.into_iter().try_for_each(|step| take(cart, promotion, step))
}

fn passes(filters: &Filters, shelf: &Shelf) -> bool {
    let in_range = filters.price_range.as_ref().is_none_or(|range| {
        range.min.is_none_or(|min| shelf.price >= min) && range.max.is_none_or(|max| shelf.price <= max)
    });
    let in_taxons =
        filters.taxons.as_ref().is_none_or(|taxons| shelf.product.taxons.iter().any(|own| taxons.contains(own)));
    let in_skus = filters.skus.as_ref().is_none_or(|skus| skus.contains(&shelf.product.sku));
    in_range && in_taxons && in_skus
}

/// Offers one discount on what the cart is now, and takes what the policy gives.
fn take(cart: &mut Cart, promotion: &Promotion, step: Step) -> Result<(), Problem> {
    let states = cart.states();
    let mut offers = Offers::new();
    step.offer(&mut offers, step.terms);
    let outcome = stacking::apply(&Policy::default(), &states, cart.shipping, &offers)?;
    let mut taken = false;
    for (line, left) in cart.lines.iter_mut().zip(outcome.line_totals()) {
        let share = line.total - left;
        line.total = *left;
        if step.class == Class::Line {
            line.subtotal -= share;
        }
        taken |= share > 0;
        // Among the units of one line: evenly, the first ones first.
        let each = largest_remainder(share, &vec![1; line.unit_discounts.len()])?;
        for (unit, more) in line.unit_discounts.iter_mut().zip(each) {
            *unit += more;
        }
    }
    taken |= outcome.shipping() != cart.shipping;
    cart.shipping = outcome.shipping();
    if taken && cart.applied.last() != Some(&promotion.code) {
        cart.applied.push(promotion.code.clone());
    }
    cart.steps.push(step);
    Ok(())
}

impl Step {
    fn offer(&self, offers: &mut Offers<'static>, terms: Terms<'static>) {
        offers.offer("promotion", Selection::All);
        match self.class {
            Class::Line => offers.line_discount(terms, self.lines.iter().map(|line| LineTarget::whole(*line))),
            Class::Order => offers.order_discount(terms, self.lines.iter().copied()),
            Class::Shipping => offers.shipping_discount(terms),
        };
    }
}

/// The same discounts in one call, a lane each in their order: where no class comes after a later one, the policy must
/// come to the same cart.
fn all_at_once(cart: &Cart, before: &[LineState], fee: Option<i64>) -> Result<(), Problem> {
    if !cart.steps.is_sorted_by_key(|step| step.class) {
        return Ok(());
    }
    let mut offers = Offers::new();
    for (lane, step) in cart.steps.iter().enumerate() {
        let Ok(lane) = u8::try_from(lane) else {
            return Ok(());
        };
        step.offer(&mut offers, step.terms.lane(lane));
    }
    let outcome = stacking::apply(&Policy::default(), before, fee, &offers)?;
    let totals: Vec<i64> = cart.lines.iter().map(|line| line.total).collect();
    same("lines, all lanes in one call", outcome.line_totals(), &totals[..])?;
    same("shipping, all lanes in one call", outcome.shipping(), cart.shipping)
}
