//! Carts as a shop would send them.

use serde_json::{Value, json};

/// A cart of two lines in euros, all of it given, so that its quote can be replayed: request id and time included.
pub fn two_lines(request_id: &str) -> Value {
    json!({
        "requestId": request_id,
        "nowMs": 1_790_000_000_000_u64,
        "currency": "EUR",
        "country": "DE",
        "locale": "de-DE",
        "buyer": {"id": "buyer-1", "groups": ["wholesale"], "orders": 3, "spent": 45_000},
        "lines": [
            {"id": "a", "sku": "TEA-100", "product": "TEA", "category": "tea", "tags": ["organic"], "quantity": 3, "unit": 1_000, "grams": 100},
            {"id": "b", "sku": "CUP", "product": "CUP", "category": "ware", "quantity": 2, "unit": 2_500, "grams": 400},
        ],
        "destination": {"country": "DE", "region": "", "postalCode": "10115", "city": "Berlin", "street": ["Invalidenstr. 1"]},
    })
}

/// What the two lines come to when no plugin runs: 3 × 10.00 + 2 × 25.00.
pub const TWO_LINES_PLAIN: i64 = 8_000;
