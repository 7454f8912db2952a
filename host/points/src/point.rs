//! The extension points: parsed once at the edge, typed from there on.

use std::fmt;
use std::str::FromStr;

use fondaco_engine::{Code, Fault};

/// One place in a quote where a merchant's plugin has a say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Point {
    /// Sets unit prices.
    PriceRule,
    /// Offers discounts, answers codes, adds gifts.
    Promotion,
    /// Offers shipping options.
    ShippingRate,
    /// Says which taxes apply.
    Tax,
    /// Earns and spends points.
    Loyalty,
    /// Stops or warns.
    Validation,
}

impl Point {
    /// All points, in the order in which a quote visits them (and in that of the WIT flags).
    pub const ALL: [Self; 6] =
        [Self::PriceRule, Self::Promotion, Self::ShippingRate, Self::Tax, Self::Loyalty, Self::Validation];

    /// The name in the contracts, in URLs and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PriceRule => "price-rule",
            Self::Promotion => "promotion",
            Self::ShippingRate => "shipping-rate",
            Self::Tax => "tax",
            Self::Loyalty => "loyalty",
            Self::Validation => "validation",
        }
    }

    /// The interface that a plugin of this point exports.
    pub const fn interface(self) -> &'static str {
        match self {
            Self::PriceRule => "fondaco:plugin/price-rule@1.0.0",
            Self::Promotion => "fondaco:plugin/promotion@1.0.0",
            Self::ShippingRate => "fondaco:plugin/shipping-rate@1.0.0",
            Self::Tax => "fondaco:plugin/tax@1.0.0",
            Self::Loyalty => "fondaco:plugin/loyalty@1.0.0",
            Self::Validation => "fondaco:plugin/validation@1.0.0",
        }
    }

    /// Its place among [`Point::ALL`].
    pub(crate) const fn index(self) -> usize {
        match self {
            Self::PriceRule => 0,
            Self::Promotion => 1,
            Self::ShippingRate => 2,
            Self::Tax => 3,
            Self::Loyalty => 4,
            Self::Validation => 5,
        }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Point {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        Self::ALL.into_iter().find(|point| point.name() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            Fault::new(
                Code::InvalidArgument,
                "UNKNOWN_EXTENSION_POINT",
                format!("there is no extension point `{text}`; known are {known}"),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back() {
        for (index, point) in Point::ALL.into_iter().enumerate() {
            assert_eq!(point.to_string().parse::<Point>().unwrap(), point);
            assert_eq!(point.index(), index);
            assert_eq!(point.interface(), format!("fondaco:plugin/{point}@1.0.0"));
        }
    }

    #[test]
    fn unknown_names_say_what_is_known() {
        let fault = "price".parse::<Point>().unwrap_err();
        assert_eq!(fault.reason, "UNKNOWN_EXTENSION_POINT");
        assert!(fault.message.contains("price-rule"), "{}", fault.message);
    }
}
