//! What is sold under a sku, and how a line that names nothing else is completed.

use fondaco_sdk::bindings::fondaco::plugin::types::{Context, PriceCandidate};
use fondaco_sdk::bindings::fondaco::types::faults::{Code, Fault};
use serde::{Deserialize, Serialize};

use crate::bindings::exports::fondaco::pricing::quotes::{Line, QuoteViolation, ViolationSubject};
use crate::faults::fault;
use crate::intake::Intake;
use crate::policy::Policy;
use crate::ports::Facts;

/// The channel that stands for all.
const EVERYWHERE: &str = "*";
/// What a cart's line holds at most.
const TAGS: usize = 32;
const CANDIDATES: usize = 64;

/// What is sold under a sku: whoever asks, wherever and whenever.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goods {
    /// The product's slug.
    pub product: String,
    /// The slug of the category that the product is in; empty where it is in none.
    pub category: String,
    /// The product's tags.
    pub tags: Vec<String>,
    /// Weight of one in grams.
    pub grams: u32,
    /// The tax category; may be empty.
    pub tax_category: String,
    /// The channels in which it is sold, `*` for all.
    pub channels: Vec<String>,
    /// Its prices, those before that win.
    pub offers: Vec<Offer>,
}

/// A price, and for whom and when it holds. An empty text restricts nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Offer {
    pub price_list: String,
    pub currency: String,
    pub channel: String,
    pub group: String,
    pub country: String,
    /// From so many on.
    pub min_quantity: u32,
    /// What one costs.
    pub amount: i64,
    pub compare_at: Option<i64>,
    pub tax_included: bool,
    pub from_ms: Option<u64>,
    /// Before then.
    pub until_ms: Option<u64>,
}

/// What the answer says of completed lines.
#[derive(Default)]
pub(crate) struct Learned {
    /// The price list of the line at each position.
    pub(crate) price_lists: Vec<(usize, String)>,
    pub(crate) violations: Vec<QuoteViolation>,
}

/// Completes the lines that came without a price.
pub(crate) async fn learn(intake: &mut Intake, policy: &Policy, facts: &impl Facts) -> Result<Learned, Fault> {
    if intake.lines.iter().all(|line| line.unit.is_some()) {
        return Ok(Learned::default());
    }
    let open = |line: &&Line| line.unit.is_none();
    let mut skus: Vec<String> = intake.lines.iter().filter(open).map(|line| line.sku.clone()).collect();
    skus.sort_unstable();
    skus.dedup();
    let found = facts.goods(&skus).await?;
    let of_sku = |sku: &String| found.get(skus.binary_search(sku).ok()?)?.as_ref();
    let market = Market { context: &intake.context, tax_included: policy.prices_include_tax };
    let mut learned = Learned::default();
    let mut refused = Vec::new();
    for (position, line) in intake.lines.iter_mut().enumerate().filter(|(_, line)| line.unit.is_none()) {
        let goods = of_sku(&line.sku).ok_or(Refusal::UnknownSku);
        match goods.and_then(|goods| Ok((goods, market.price(goods, line.quantity)?))) {
            Ok((goods, offer)) => {
                if !goods.is_sold_in(&market.context.channel) {
                    let id = intake.ids.get(position).cloned().unwrap_or_default();
                    learned.violations.push(not_for_sale(id, &line.sku, &market.context.channel));
                }
                learned.price_lists.push((position, offer.price_list.clone()));
                complete(line, goods, offer, &market);
            }
            Err(refusal) => refused.push((position, line.sku.clone(), refusal)),
        }
    }
    refuse(&refused, &intake.context)?;
    Ok(learned)
}

/// What the line says itself stands.
fn complete(line: &mut Line, goods: &Goods, offer: &Offer, market: &Market<'_>) {
    line.unit = Some(offer.amount);
    line.compare_at = line.compare_at.or(offer.compare_at);
    line.grams = line.grams.or(Some(goods.grams));
    line.product.get_or_insert_with(|| goods.product.clone());
    line.category.get_or_insert_with(|| goods.category.clone());
    line.tags.get_or_insert_with(|| goods.tags.iter().take(TAGS).cloned().collect());
    line.tax_category.get_or_insert_with(|| goods.tax_category.clone());
    line.candidates.get_or_insert_with(|| market.candidates(goods));
}

impl Goods {
    fn is_sold_in(&self, channel: &str) -> bool {
        self.channels.iter().any(|own| own == channel || own == EVERYWHERE)
    }
}

/// Where, when and by whom a cart is bought.
struct Market<'a> {
    context: &'a Context,
    /// How the store's prices are.
    tax_included: bool,
}

impl Market<'_> {
    /// The price that wins: the first that holds.
    fn price<'g>(&self, goods: &'g Goods, quantity: u32) -> Result<&'g Offer, Refusal> {
        let mut offers = goods.offers.iter().filter(|offer| offer.min_quantity <= quantity && self.holds(offer));
        let winner = offers.next().ok_or(Refusal::NoPrice)?;
        if winner.tax_included == self.tax_included {
            return Ok(winner);
        }
        Err(Refusal::TaxInclusionDiffers { price_list: winner.price_list.clone(), expected: self.tax_included })
    }

    /// Whether a price holds here and now for this buyer, whatever the quantity.
    fn holds(&self, offer: &Offer) -> bool {
        let context = self.context;
        let unless = |restriction: &str, own: &str| restriction.is_empty() || restriction == own;
        let groups = context.buyer.as_ref().map(|buyer| buyer.groups.as_slice()).unwrap_or_default();
        offer.currency == context.currency
            && unless(&offer.channel, &context.channel)
            && unless(&offer.country, context.country.as_deref().unwrap_or_default())
            && (offer.group.is_empty() || groups.contains(&offer.group))
            && offer.from_ms.is_none_or(|from| from <= context.now_ms)
            && offer.until_ms.is_none_or(|until| context.now_ms < until)
    }

    /// The prices that a rule may choose from. One alone is no choice, and no plugin is handed it.
    fn candidates(&self, goods: &Goods) -> Vec<PriceCandidate> {
        let holding =
            || goods.offers.iter().filter(|offer| offer.tax_included == self.tax_included && self.holds(offer));
        if holding().nth(1).is_none() {
            return Vec::new();
        }
        let mut candidates = Vec::new();
        let mut before: Option<&Offer> = None;
        for offer in holding().take(CANDIDATES) {
            // Of one list and span the higher tier comes first, and this one ends where that begins.
            let above = before.filter(|above| offer.is_tier_below(above));
            candidates.push(offer.candidate(above.map(|above| above.min_quantity - 1)));
            before = Some(offer);
        }
        candidates
    }
}

impl Offer {
    fn is_tier_below(&self, other: &Self) -> bool {
        let span = |offer: &Self| (offer.from_ms, offer.until_ms);
        self.price_list == other.price_list && span(self) == span(other) && self.min_quantity < other.min_quantity
    }

    fn candidate(&self, max_quantity: Option<u32>) -> PriceCandidate {
        PriceCandidate {
            id: self.price_list.clone(),
            unit: self.amount,
            min_quantity: self.min_quantity,
            max_quantity,
            group: (!self.group.is_empty()).then(|| self.group.clone()),
            from_ms: self.from_ms,
            until_ms: self.until_ms,
        }
    }
}

/// Why a line can't be priced.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Refusal {
    UnknownSku,
    NoPrice,
    TaxInclusionDiffers { price_list: String, expected: bool },
}

impl Refusal {
    fn reason(&self) -> &'static str {
        match self {
            Self::UnknownSku => "UNKNOWN_SKU",
            Self::NoPrice => "NO_PRICE",
            Self::TaxInclusionDiffers { .. } => "TAX_INCLUSION_DIFFERS",
        }
    }

    fn message(&self, sku: &str, context: &Context) -> String {
        match self {
            Self::UnknownSku => format!("the catalog has no `{sku}`"),
            Self::NoPrice => format!(
                "`{sku}` has no price in {} in the channel `{}` at that time; give the line a `unit`, or the price \
                 book a price",
                context.currency, context.channel
            ),
            Self::TaxInclusionDiffers { price_list, expected } => {
                let (store, list) = if *expected { ("with", "without") } else { ("without", "with") };
                format!(
                    "the price list `{price_list}` has prices {list} tax, and this store's quotes are {store}: \
                     change the list's `taxIncluded`, or the store's `pricesIncludeTax`"
                )
            }
        }
    }
}

/// A cart with a line that can't be priced has no total. The fault names all lines that have the first one's trouble.
fn refuse(refused: &[(usize, String, Refusal)], context: &Context) -> Result<(), Fault> {
    let Some((position, sku, refusal)) = refused.first() else {
        return Ok(());
    };
    let path = |position: &usize| format!("lines[{position}].sku");
    let alike = refused.iter().filter(|(_, _, other)| other.reason() == refusal.reason());
    let paths: Vec<String> = alike.map(|(position, ..)| path(position)).collect();
    let message = format!("{}: {}", path(position), refusal.message(sku, context));
    let mut metadata = vec![("path".to_owned(), path(position)), ("sku".to_owned(), sku.clone())];
    if paths.len() > 1 {
        metadata.push(("paths".to_owned(), paths.join(",")));
    }
    Err(Fault { metadata, ..fault(Code::FailedPrecondition, refusal.reason(), message) })
}

/// The price is known, so the rest of the quote stands; but it can't be bought.
fn not_for_sale(id: String, sku: &str, channel: &str) -> QuoteViolation {
    QuoteViolation {
        plugin: "catalog".to_owned(),
        subject: ViolationSubject::Line(id),
        blocking: true,
        code: "NOT_FOR_SALE".to_owned(),
        message: format!("{sku} is not sold in the channel {channel}."),
    }
}
