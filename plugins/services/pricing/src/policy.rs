//! What stores do differently: the configuration of the service's release.
//!
//! ```json
//! {"default": {}, "tenants": {"acme": {"pricesIncludeTax": true, "taxRounding": "line"}}}
//! ```

use fondaco_commerce::rounding::Rounding;
use fondaco_commerce::{stacking, tax};
use fondaco_settings::{Settings, SettingsError};
use serde::Deserialize;

/// How one store prices.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Policy {
    /// Whether prices contain tax. Not, where absent.
    pub prices_include_tax: bool,
    /// Where taxes are rounded: at each line, where absent.
    pub tax_rounding: TaxRounding,
    /// What happens between discounts of one lane: the best is given, where absent.
    pub lane_mode: LaneMode,
    /// How amounts are rounded: ties away from zero, where absent.
    pub rounding_mode: RoundingMode,
    /// The tax category of shipping; the store's default, where absent.
    pub shipping_tax_category: String,
}

/// Where taxes are rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TaxRounding {
    /// At each line.
    #[default]
    Line,
    /// Once for all lines that bear the same taxes.
    Order,
}

/// What happens between discounts of one lane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LaneMode {
    /// The best is given.
    #[default]
    BestOf,
    /// All are given, each on what the ones before left.
    Stack,
}

/// How amounts are rounded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(remote = "Rounding", rename_all = "camelCase")]
enum RoundingName {
    /// Ties away from zero.
    #[default]
    HalfAwayFromZero,
    HalfTowardZero,
    HalfEven,
    HalfOdd,
    HalfCeiling,
    HalfFloor,
    AwayFromZero,
    TowardZero,
    Ceiling,
    Floor,
}

/// How amounts are rounded: the modes of the commerce crate, in camel case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct RoundingMode(#[serde(with = "RoundingName")] pub Rounding);

impl Policy {
    pub(crate) fn stacking(&self) -> stacking::Policy {
        let lanes = match self.lane_mode {
            LaneMode::BestOf => stacking::LanePolicy::BestOf,
            LaneMode::Stack => stacking::LanePolicy::Stack,
        };
        stacking::Policy { lanes, rounding: self.rounding_mode.0 }
    }

    pub(crate) fn tax(&self) -> tax::Policy {
        let level = match self.tax_rounding {
            TaxRounding::Line => tax::Level::Line,
            TaxRounding::Order => tax::Level::Order,
        };
        tax::Policy { included: self.prices_include_tax, level, rounding: self.rounding_mode.0 }
    }
}

/// The policies of all stores.
#[derive(Debug)]
pub struct Policies {
    settings: Settings<Policy>,
    /// Of a store for which the configuration says nothing.
    plain: Policy,
}

impl Policies {
    /// Reads the configuration of the release. An error names the path of what is wrong.
    pub fn parse(json: &str) -> Result<Self, SettingsError> {
        Settings::parse(json).map(Self::from)
    }

    /// The policy of `tenant`: its own, otherwise the default.
    pub fn of(&self, tenant: &str) -> &Policy {
        self.settings.of(tenant).unwrap_or(&self.plain)
    }
}

impl From<Settings<Policy>> for Policies {
    fn from(settings: Settings<Policy>) -> Self {
        Self { settings, plain: Policy::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn the_demo_is_read() {
        let policies = Policies::parse(include_str!("../demo/config.json")).unwrap();
        assert!(policies.of("acme").prices_include_tax);
        assert_eq!(policies.of("globex").tax_rounding, TaxRounding::Order);
        assert_eq!(policies.of("someone"), &Policy::default());
    }

    #[test]
    fn each_rounding_mode_has_a_name() {
        for mode in Rounding::ALL {
            let debug = format!("{mode:?}");
            let name = format!("{}{}", debug[..1].to_lowercase(), &debug[1..]);
            let policies = Policies::parse(&format!(r#"{{"default": {{"roundingMode": "{name}"}}}}"#)).unwrap();
            assert_eq!(policies.of("acme").rounding_mode.0, mode);
        }
    }

    #[rstest]
    #[case(r#"{"defualt": {}}"#, "defualt")]
    #[case(r#"{"tenants": {"acme": {"laneMode": "best"}}}"#, "tenants.acme.laneMode")]
    #[case(r#"{"tenants": {"acme": {"pricesIncludesTax": true}}}"#, "tenants.acme.pricesIncludesTax")]
    fn an_error_names_the_path(#[case] json: &str, #[case] path: &str) {
        assert_eq!(Policies::parse(json).unwrap_err().path, path);
    }
}
