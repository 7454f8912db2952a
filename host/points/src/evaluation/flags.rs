//! `evaluations.points`.

// The macro makes public items, which have no place to be documented.
#![allow(missing_docs, unreachable_pub)]

wasmtime::component::flags! {
    PointFlags {
        #[component(name = "price-rule")]
        const PRICE_RULE;
        #[component(name = "promotion")]
        const PROMOTION;
        #[component(name = "shipping-rate")]
        const SHIPPING_RATE;
        #[component(name = "tax")]
        const TAX;
        #[component(name = "loyalty")]
        const LOYALTY;
        #[component(name = "validation")]
        const VALIDATION;
    }
}
