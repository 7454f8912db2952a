//! For tests of plugins, without WebAssembly: carts in a line, and fixtures that other hosts can run too.
//!
//! ```
//! use fondaco_sdk::{prelude::*, testing};
//!
//! let mut cart = testing::cart("EUR", [testing::line("MUG", 3, 9_99)]);
//! cart.codes.push("SPRING".into());
//! assert_eq!(cart.subtotal(), 29_97);
//! assert!(cart.has_code("spring"));
//! ```

mod fixture;
mod run;

use crate::types::{Address, Buyer, Cart, Context, Line};
pub use fixture::{Expected, Fixture, FixtureError, load, read};
pub use run::{loyalty, price_rule, promotion, shipping_rate, tax, validation};

/// A cart in the web shop on 2026-06-01 at noon UTC, from nobody in particular.
pub fn cart(currency: &str, lines: impl IntoIterator<Item = Line>) -> Cart {
    Cart {
        context: Context {
            request_id: "test".into(),
            store: "demo".into(),
            channel: "web".into(),
            currency: currency.into(),
            country: None,
            locale: "en".into(),
            now_ms: 1_780_315_200_000,
            utc_offset_minutes: 0,
            buyer: None,
        },
        lines: lines.into_iter().collect(),
        codes: Vec::new(),
        destination: None,
        shipping: None,
    }
}

/// So many units of a sku, each at `unit` minor units. The product is the sku, and all else is empty.
pub fn line(sku: &str, quantity: u32, unit: i64) -> Line {
    Line {
        sku: sku.into(),
        product: sku.into(),
        category: String::new(),
        tags: Vec::new(),
        attributes: Vec::new(),
        quantity,
        unit,
        compare_at: None,
        total: unit * i64::from(quantity),
        grams: 0,
        tax_category: String::new(),
        requires_shipping: true,
        gift: false,
        candidates: Vec::new(),
    }
}

/// A buyer without orders.
pub fn buyer(id: &str) -> Buyer {
    Buyer { id: id.into(), groups: Vec::new(), orders: 0, spent: 0, standing: None }
}

/// A place in a country.
pub fn address(country: &str, postal_code: &str) -> Address {
    Address {
        country: country.into(),
        region: String::new(),
        postal_code: postal_code.into(),
        city: String::new(),
        street: Vec::new(),
    }
}

/// A test that runs all fixtures of the crate's plugin natively: `fondaco_sdk::fixtures!(price_rule);`.
#[macro_export]
// Not ours: the plugin's own crate is meant.
#[allow(clippy::crate_in_macro_def)]
macro_rules! fixtures {
    ($point:ident) => {
        #[test]
        fn fixtures() {
            let folder = ::std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
            $crate::testing::$point::<crate::Plugin>(&folder);
        }
    };
}
