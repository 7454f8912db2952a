//! Prices, rates, taxes, credits, violations.

use crate::{
    Decimal, Fault, Money,
    commerce::{decimal::Decimal as Exact, rounding::Rounding},
    loyalty::{Credit, Redemption, Returned},
    price_rule::{Price, Prices, Rule},
    shipping_rate::Rate,
    tax::{Item, ItemTax, Part, Taxation},
    types::{Cart, LineIndex},
    validation::{Subject, Violation},
};

/// How far back a rule's name and reason are looked for.
const LATEST: usize = 16;

impl Prices {
    /// No new prices yet, in `currency`. Take the config's where it names amounts: a rule for euros then never prices
    /// a cart in yen.
    pub fn in_currency(currency: impl Into<String>) -> Self {
        Self { currency: currency.into(), rules: Vec::new(), prices: Vec::new() }
    }

    /// No new prices yet, in the cart's currency: for rules whose config names no amounts.
    pub fn of(cart: &Cart) -> Self {
        Self::in_currency(cart.context.currency.as_str())
    }

    /// A unit of `line` costs `unit` by `rule`, because of `reason`.
    pub fn set(&mut self, line: LineIndex, unit: i64, rule: &str, reason: impl Into<String>) {
        let rule = self.rule(rule, reason.into());
        self.prices.push(Price { line, unit, rule });
    }

    /// The position of a rule, which joins the others unless it is one of the latest: a rule has few reasons.
    fn rule(&mut self, name: &str, reason: String) -> u32 {
        let is_same = |rule: &Rule| rule.name == name && matches!(rule.reasons.as_slice(), [only] if *only == reason);
        let before = self.rules.len().saturating_sub(LATEST);
        let latest = self.rules.get(before..).unwrap_or_default().iter().rposition(is_same);
        let position = latest.map_or(self.rules.len(), |latest| before + latest);
        if latest.is_none() {
            self.rules.push(Rule { name: name.into(), reasons: vec![reason] });
        }
        u32::try_from(position).unwrap_or(u32::MAX)
    }
}

impl Rate {
    /// A shipping option.
    pub fn new(code: impl Into<String>, title: impl Into<String>, price: Money) -> Self {
        Self { code: code.into(), title: title.into(), price, min_days: None, max_days: None, reasons: Vec::new() }
    }

    /// Delivered within so many days.
    pub fn days(self, min: u16, max: u16) -> Self {
        Self { min_days: Some(min), max_days: Some(max), ..self }
    }

    /// Why this price.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reasons.push(reason.into());
        self
    }
}

impl Taxation {
    /// No taxes yet, in the cart's currency.
    pub fn of(cart: &Cart) -> Self {
        Self { currency: cart.context.currency.clone(), items: Vec::new() }
    }

    /// `item` bears `parts`.
    pub fn add(&mut self, item: Item, parts: impl IntoIterator<Item = Part>) {
        self.items.push(ItemTax { item, parts: parts.into_iter().collect() });
    }
}

impl Part {
    /// A tax of so many percent; the pricing service reckons and rounds it by the store's policy.
    pub fn percent(jurisdiction: impl Into<String>, name: impl Into<String>, rate: impl Into<Decimal>) -> Self {
        Self { jurisdiction: jurisdiction.into(), name: name.into(), rate: rate.into(), amount: None }
    }
}

impl Credit {
    /// Points that may be spent from now on.
    pub fn new(cart: &Cart, ledger: impl Into<String>, points: u64, reason: impl Into<String>) -> Self {
        Self { ledger: ledger.into(), points, active_ms: cart.context.now_ms, expires_ms: None, reason: reason.into() }
    }

    /// They may be spent only after so many days, when the goods can no longer be sent back.
    pub fn after_days(self, days: u32) -> Self {
        Self { active_ms: self.active_ms.saturating_add(days_ms(days)), ..self }
    }

    /// They may be spent for so many days.
    pub fn for_days(self, days: u32) -> Self {
        Self { expires_ms: Some(self.active_ms.saturating_add(days_ms(days))), ..self }
    }
}

impl Redemption {
    /// `points` take `worth` off the order.
    pub fn new(points: u64, worth: Money, message: impl Into<String>) -> Self {
        Self { points, worth, message: message.into() }
    }
}

impl Violation {
    /// The buyer may not go on. `code` is `UPPER_SNAKE`.
    pub fn blocking(subject: Subject, code: &str, message: impl Into<String>) -> Self {
        Self { subject, blocking: true, code: code.into(), message: message.into() }
    }

    /// The buyer should know. `code` is `UPPER_SNAKE`.
    pub fn warning(subject: Subject, code: &str, message: impl Into<String>) -> Self {
        Self { subject, blocking: false, code: code.into(), message: message.into() }
    }
}

const fn days_ms(days: u32) -> u64 {
    days as u64 * 86_400_000
}

/// Takes back of each credit what the refunds are of the cart's lines, rounded down in the buyer's favour, and all of
/// it when all is refunded.
pub(crate) fn credits_in_proportion(
    cart: &Cart,
    credits: &[Credit],
    returned: &[Returned],
) -> Result<Vec<Credit>, Fault> {
    let whole = cart.subtotal();
    let refund = returned.iter().fold(0_i64, |sum, item| sum.saturating_add(item.refund)).clamp(0, whole.max(0));
    let part = |points: u64| {
        let product = i128::from(points) * i128::from(refund);
        let share = Rounding::Floor.divide(product, i128::from(whole)).unwrap_or(0);
        u64::try_from(share).map_err(|_| Fault::overflow())
    };
    let mut taken = Vec::new();
    for credit in credits {
        let points = part(credit.points)?;
        if points > 0 {
            taken.push(Credit { points, reason: "Returned".into(), ..credit.clone() });
        }
    }
    Ok(taken)
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Exact::whole(value).into()
    }
}
