//! A store's loyalty programme: its tiers and its members.

use std::collections::BTreeMap;

use fondaco_commerce::decimal::Decimal;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

/// A loyalty programme.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Programme {
    /// Its tiers. A member is in the one with the highest threshold that it has reached.
    pub tiers: Vec<Tier>,
    /// Its members by customer id.
    #[serde(default)]
    pub members: BTreeMap<String, Member>,
}

/// A tier.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tier {
    /// Its name.
    pub name: String,
    /// How many points a member must have earned so far.
    #[serde(default)]
    pub threshold: u64,
    /// What earned points are multiplied by: a whole number, or a decimal as text (`"1.5"`).
    #[serde(default = "one", deserialize_with = "multiplier")]
    pub multiplier: Decimal,
}

/// A member.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Member {
    /// Points that may be spent.
    pub points: u64,
    /// Points earned so far, spent ones included; where absent, as many as may be spent.
    #[serde(default)]
    pub earned: Option<u64>,
}

/// What the programme knows of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing<'a> {
    /// The tier's name; empty below the lowest tier.
    pub tier: &'a str,
    /// What earned points are multiplied by.
    pub multiplier: Decimal,
    /// Points that may be spent.
    pub points: u64,
}

impl Programme {
    /// The standing of `customer`, if it is a member.
    pub fn standing(&self, customer: &str) -> Option<Standing<'_>> {
        let member = self.members.get(customer)?;
        let tier = self.tier(member.earned.unwrap_or(member.points));
        Some(Standing {
            tier: tier.map(|tier| tier.name.as_str()).unwrap_or_default(),
            multiplier: tier.map_or(Decimal::ONE, |tier| tier.multiplier),
            points: member.points,
        })
    }

    fn tier(&self, earned: u64) -> Option<&Tier> {
        self.tiers.iter().filter(|tier| tier.threshold <= earned).max_by_key(|tier| tier.threshold)
    }
}

fn one() -> Decimal {
    Decimal::ONE
}

fn multiplier<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
    let multiplier = deserializer.deserialize_any(DecimalVisitor)?;
    if multiplier.is_negative() {
        return Err(D::Error::custom("a multiplier is 0 or more"));
    }
    Ok(multiplier)
}

/// Takes no floating-point number: 1.1 is none.
struct DecimalVisitor;

impl Visitor<'_> for DecimalVisitor {
    type Value = Decimal;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("a whole number, or a decimal as text such as \"1.5\"")
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Decimal, E> {
        Ok(Decimal::whole(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Decimal, E> {
        i64::try_from(value).map(Decimal::whole).map_err(E::custom)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Decimal, E> {
        value.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use fondaco_settings::Settings;
    use rstest::rstest;

    const DEMO: &str = include_str!("../demo/config.json");

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[rstest]
    #[case::between("ben", "silver", "1.25", 640)]
    #[case::spent_points_count_for_the_tier("anna", "gold", "1.5", 1_200)]
    #[case::lowest("carla", "bronze", "1", 80)]
    fn members_of_the_demo(#[case] customer: &str, #[case] tier: &str, #[case] multiplier: &str, #[case] points: u64) {
        let settings: Settings<Programme> = Settings::parse(DEMO).unwrap();
        let standing = settings.of("acme").unwrap().standing(customer);
        assert_eq!(standing, Some(Standing { tier, multiplier: decimal(multiplier), points }));
    }

    #[test]
    fn a_stranger_has_no_standing() {
        let settings: Settings<Programme> = Settings::parse(DEMO).unwrap();
        assert_eq!(settings.of("acme").unwrap().standing("nobody"), None);
        assert_eq!(settings.of("globex").unwrap().standing("anna"), None);
    }

    #[test]
    fn the_order_of_tiers_does_not_matter_and_the_threshold_itself_counts() {
        let json = r#"{"tiers": [{"name": "b", "threshold": 10, "multiplier": 2}, {"name": "a"}],
            "members": {"x": {"points": 10}, "y": {"points": 9}}}"#;
        let programme: Programme = serde_json::from_str(json).unwrap();
        assert_eq!(programme.standing("x").unwrap().multiplier, decimal("2"));
        assert_eq!(programme.standing("y").unwrap().tier, "a");
    }

    #[test]
    fn below_the_lowest_tier_points_count_once() {
        let json = r#"{"tiers": [{"name": "b", "threshold": 10}], "members": {"x": {"points": 1}}}"#;
        let programme: Programme = serde_json::from_str(json).unwrap();
        assert_eq!(programme.standing("x"), Some(Standing { tier: "", multiplier: Decimal::ONE, points: 1 }));
    }

    #[rstest]
    #[case::floating_point("1.5")]
    #[case::negative("-1")]
    #[case::no_number("\"much\"")]
    fn a_bad_multiplier_is_refused(#[case] multiplier: &str) {
        let json = format!(r#"{{"tiers": [{{"name": "a", "multiplier": {multiplier}}}]}}"#);
        assert!(serde_json::from_str::<Programme>(&json).is_err());
    }
}
