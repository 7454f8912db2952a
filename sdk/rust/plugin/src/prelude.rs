//! All that a rule usually needs: `use fondaco_sdk::prelude::*;`.

pub use crate::{
    Code, Decimal, Fault, Money, bail,
    bindings::fondaco::plugin::{
        loyalty::{Credit, Redemption, Returned},
        price_rule::{Price, Prices, Rule},
        promotion::{
            AcceptedCode, Discount, DiscountClass, FixedValue, Gift, LineTarget, Offer, Operation, RejectedCode,
            Selection, Target, Value,
        },
        shipping_rate::{Parcel, Rate, Shipment},
        tax::{Item, ItemTax, Part, Taxable, Taxables, Taxation},
        types::{Address, Buyer, Cart, ChosenShipping, Context, Line, LineIndex, Minor, PriceCandidate, Standing},
        validation::{Step, Subject, Violation},
    },
    commerce::rounding::Rounding,
    config::{Config, Map, Percent, Timestamp},
    fault, info, plugin,
    points::{Loyalty, PriceRule, Promotion, ShippingRate, Tax, Validation},
};
