//! What is measured: one tenant, one price rule, one promotion, and carts of any length.

use fondaco_sdk::prelude::{Buyer, Cart, Context, Decimal, Line, Standing};
use serde_json::{Value, json};

/// The tenant of single-tenant runs; the demo configurations know it.
pub(crate) const TENANT: &str = "acme";
/// The pricing service's configuration.
pub(crate) const PRICING_CONFIG: &str = include_str!("../../../plugins/services/pricing/demo/config.json");
/// The loyalty service's configuration.
pub(crate) const LOYALTY_CONFIG: &str = include_str!("../../../plugins/services/loyalty/demo/config.json");
/// The shipping service's configuration.
pub(crate) const SHIPPING_CONFIG: &str = include_str!("../../../plugins/services/shipping/demo/config.json");
/// The price rule's configuration.
pub(crate) const VOLUME_TIERS_CONFIG: &str = r#"{"tiers":[{"from":3,"percent":5},{"from":6,"percent":10}]}"#;
/// The promotion's configuration.
pub(crate) const TIERED_SPEND_CONFIG: &str =
    r#"{"currency":"EUR","tiers":[{"from":5000,"percent":5},{"from":20000,"percent":10}],"cap":20000}"#;
/// Where a digest stands in the host's answers, so that all answers are of one size.
pub(crate) const NO_DIGEST: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A quote request with so many lines, by a known buyer.
pub(crate) fn request(lines: usize) -> Value {
    json!({
        "requestId": "bench",
        "nowMs": 1_767_225_600_000_u64,
        "currency": "EUR",
        "country": "DE",
        "buyer": {"id": "anna", "groups": ["retail"], "orders": 3, "spent": 42_000},
        "lines": (0..lines).map(line).collect::<Vec<_>>(),
    })
}

fn line(number: usize) -> Value {
    json!({
        "sku": format!("sku-{number:05}"),
        "product": format!("product-{number:05}"),
        "category": "kitchen",
        "tags": ["sale", "ceramics"],
        "quantity": 1 + number % 7,
        "unit": 990 + 10 * number,
        "grams": 350,
    })
}

/// The cart that plugins see for [`request`], as the host holds it.
pub(crate) fn cart(lines: u32) -> fondaco_points::wit::Cart {
    let mut cart = fondaco_points::samples::cart_of(lines);
    cart.codes.clear();
    cart.destination = None;
    cart.shipping = None;
    for line in &mut cart.lines {
        line.candidates.clear();
    }
    cart
}

/// The same, as a rule that is linked natively sees it.
pub(crate) fn native_cart(lines: u32) -> Cart {
    let cart = cart(lines);
    let standing = Standing { tier: "gold".into(), multiplier: Decimal { coefficient: 15, scale: 1 }, points: 1_000 };
    Cart {
        context: Context {
            request_id: cart.context.request_id,
            store: cart.context.store,
            channel: cart.context.channel,
            currency: cart.context.currency,
            country: cart.context.country,
            locale: cart.context.locale,
            now_ms: cart.context.now_ms,
            utc_offset_minutes: cart.context.utc_offset_minutes,
            buyer: cart.context.buyer.map(|buyer| Buyer {
                id: buyer.id,
                groups: buyer.groups,
                orders: buyer.orders,
                spent: buyer.spent,
                standing: Some(standing),
            }),
        },
        lines: cart.lines.into_iter().map(native_line).collect(),
        codes: Vec::new(),
        destination: None,
        shipping: None,
    }
}

fn native_line(line: fondaco_points::wit::Line) -> Line {
    Line {
        sku: line.sku,
        product: line.product,
        category: line.category,
        tags: line.tags,
        attributes: line.attributes,
        quantity: line.quantity,
        unit: line.unit,
        compare_at: line.compare_at,
        total: line.total,
        grams: line.grams,
        tax_category: line.tax_category,
        requires_shipping: line.requires_shipping,
        gift: line.gift,
        candidates: Vec::new(),
    }
}
