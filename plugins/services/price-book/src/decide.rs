//! Which price wins. Plain data in, plain data out; the order is that of the contract's `prices`.

use std::cmp::Reverse;

/// A time that never comes.
pub const NEVER_MS: i64 = i64::MAX;

/// When something holds: from `from_ms` on, and before `until_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// 0: always so.
    pub from_ms: i64,
    /// [`NEVER_MS`]: for good.
    pub until_ms: i64,
}

impl Span {
    /// From always on, for good.
    pub const ALWAYS: Self = Self { from_ms: 0, until_ms: NEVER_MS };

    /// When both hold; none where they never do at once.
    pub fn both(self, other: Self) -> Option<Self> {
        let span = Self { from_ms: self.from_ms.max(other.from_ms), until_ms: self.until_ms.min(other.until_ms) };
        (span.from_ms < span.until_ms).then_some(span)
    }

    /// Whether it holds then.
    pub fn holds(self, now_ms: i64) -> bool {
        (self.from_ms..self.until_ms).contains(&now_ms)
    }

    /// When it begins or ends next.
    fn next_edge(self, now_ms: i64) -> Option<i64> {
        let edges = [self.from_ms, self.until_ms];
        edges.into_iter().filter(|edge| *edge > now_ms && *edge != NEVER_MS).min()
    }

    /// The more it is bound to a time, the more: what began later, then what ends sooner.
    fn rank(self) -> (bool, i64, Reverse<i64>) {
        (self != Self::ALWAYS, self.from_ms, Reverse(self.until_ms))
    }
}

/// A list, as far as it matters here. An empty text restricts nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct List {
    pub id: i64,
    pub code: String,
    pub currency: String,
    pub channel: String,
    pub customer_group: String,
    pub country: String,
    pub priority: i64,
    pub span: Span,
    pub tax_included: bool,
    pub enabled: bool,
}

/// A price of one sku in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Price {
    pub list: List,
    pub span: Span,
    pub min_quantity: i64,
    pub amount: i64,
    pub compare_at: Option<i64>,
}

/// Who asks, where, and when.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs)]
pub struct Question<'a> {
    pub currency: &'a str,
    pub channel: &'a str,
    pub groups: &'a [String],
    pub country: &'a str,
    pub now_ms: i64,
    pub quantity: i64,
}

impl Question<'_> {
    /// Whether the list could ever answer it, whatever the time.
    fn concerns(&self, list: &List) -> bool {
        let unless = |restriction: &str, own: &str| restriction.is_empty() || restriction == own;
        list.enabled
            && list.currency == self.currency
            && unless(&list.channel, self.channel)
            && unless(&list.country, self.country)
            && (list.customer_group.is_empty() || self.groups.contains(&list.customer_group))
    }

    fn holds(&self, price: &Price) -> bool {
        price.list.span.holds(self.now_ms) && price.span.holds(self.now_ms)
    }
}

/// The answer to a question about one sku.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer<'a> {
    /// What wins.
    pub price: Option<&'a Price>,
    /// When another one may win.
    pub changes_ms: Option<i64>,
}

/// Which of the prices of one sku wins, and until when that is certain.
pub fn decide<'a>(prices: &'a [Price], question: &Question<'_>) -> Answer<'a> {
    let concerned = || {
        let reached = prices.iter().filter(|price| price.min_quantity <= question.quantity);
        reached.filter(|price| question.concerns(&price.list))
    };
    let edges = concerned().flat_map(|price| [price.span, price.list.span]);
    Answer {
        price: concerned().filter(|price| question.holds(price)).max_by_key(|price| rank(price)),
        changes_ms: edges.filter_map(|span| span.next_edge(question.now_ms)).min(),
    }
}

/// Brings prices of one sku into the order in which they win: of those that hold for a question, the first is its
/// answer. It depends on no question, since nothing that decides between two prices does.
pub fn in_order(prices: &mut [Price]) {
    prices.sort_by_cached_key(|price| Reverse(rank(price)));
}

/// The greatest wins.
fn rank(price: &Price) -> impl Ord + use<> {
    let list = &price.list;
    let restricted = |text: &str| !text.is_empty();
    (
        (restricted(&list.customer_group), restricted(&list.channel), restricted(&list.country)),
        list.priority,
        list.span.rank(),
        Reverse(list.id),
        price.span.rank(),
        price.min_quantity,
    )
}
