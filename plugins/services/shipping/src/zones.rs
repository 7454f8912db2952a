//! Zones: named sets of areas. The first zone that holds the address is the address's zone, so that a merchant
//! writes the exceptions (islands, a far province) above the rule.

use serde::Deserialize;

/// Where something goes.
#[derive(Clone, Copy, Debug)]
pub struct Destination<'a> {
    /// ISO 3166-1 alpha-2.
    pub country: &'a str,
    /// State, province or canton; empty if unknown.
    pub region: &'a str,
    /// Postal code; empty if unknown.
    pub postal_code: &'a str,
}

/// A named set of areas.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Zone {
    /// Its name.
    pub name: String,
    /// An address in one of these lies in the zone.
    pub areas: Vec<Area>,
}

/// Part of the world. What is set must fit; what is not set fits all.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Area {
    /// ISO 3166-1 alpha-2 codes.
    pub countries: Vec<String>,
    /// States, provinces or cantons.
    #[serde(default)]
    pub regions: Vec<String>,
    /// Postal codes.
    #[serde(default)]
    pub postal_codes: Vec<PostalCodes>,
}

/// Some postal codes.
#[derive(Debug, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum PostalCodes {
    /// All that begin so.
    Prefix(String),
    /// All from the one to the other, both included. `"80"` to `"89"` are all that begin with 80 to 89.
    Range {
        /// The first.
        from: String,
        /// The last.
        to: String,
    },
}

impl Zone {
    /// Whether the address lies in this zone.
    pub fn holds(&self, destination: Destination<'_>) -> bool {
        self.areas.iter().any(|area| area.holds(destination))
    }
}

impl Area {
    fn holds(&self, destination: Destination<'_>) -> bool {
        let in_country = names(&self.countries, destination.country);
        let in_region = self.regions.is_empty() || names(&self.regions, destination.region);
        in_country && in_region && self.holds_postal_code(destination.postal_code)
    }

    fn holds_postal_code(&self, postal_code: &str) -> bool {
        if self.postal_codes.is_empty() {
            return true;
        }
        let code = plain(postal_code);
        !code.is_empty() && self.postal_codes.iter().any(|codes| codes.hold(&code))
    }
}

impl PostalCodes {
    fn hold(&self, code: &str) -> bool {
        match self {
            Self::Prefix(prefix) => code.starts_with(&plain(prefix)),
            Self::Range { from, to } => {
                let (from, to) = (plain(from), plain(to));
                start(code, from.len()) >= from.as_str() && start(code, to.len()) <= to.as_str()
            }
        }
    }
}

fn names(list: &[String], wanted: &str) -> bool {
    list.iter().any(|name| name.trim().eq_ignore_ascii_case(wanted.trim()))
}

/// Without the spaces and dashes that people write as they like: `SW1A 1AA`, `sw1a1aa`.
fn plain(postal_code: &str) -> String {
    postal_code.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect()
}

/// The first bytes, to compare a code with a bound that is shorter than it. The code is ASCII.
fn start(code: &str, length: usize) -> &str {
    code.get(..length).unwrap_or(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn area(json: &str) -> Area {
        serde_json::from_str(json).unwrap()
    }

    #[rstest]
    #[case::country(r#"{"countries": ["DE", "AT"]}"#, ("at", "", "1010"), true)]
    #[case::other_country(r#"{"countries": ["DE", "AT"]}"#, ("CH", "", "8001"), false)]
    #[case::region(r#"{"countries": ["US"], "regions": ["AK", "HI"]}"#, ("US", "hi", "96801"), true)]
    #[case::other_region(r#"{"countries": ["US"], "regions": ["AK", "HI"]}"#, ("US", "CA", "90001"), false)]
    #[case::region_unknown(r#"{"countries": ["US"], "regions": ["AK"]}"#, ("US", "", "99501"), false)]
    #[case::prefix(r#"{"countries": ["GB"], "postalCodes": ["ZE"]}"#, ("GB", "", "ze1 0aa"), true)]
    #[case::other_prefix(r#"{"countries": ["GB"], "postalCodes": ["ZE"]}"#, ("GB", "", "SW1A 1AA"), false)]
    #[case::prefix_longer_than_code(r#"{"countries": ["DE"], "postalCodes": ["27498"]}"#, ("DE", "", "274"), false)]
    #[case::range_low(r#"{"countries": ["DE"], "postalCodes": [{"from": "25849", "to": "25869"}]}"#, ("DE", "", "25849"), true)]
    #[case::range_high(r#"{"countries": ["DE"], "postalCodes": [{"from": "25849", "to": "25869"}]}"#, ("DE", "", "25869"), true)]
    #[case::range_below(r#"{"countries": ["DE"], "postalCodes": [{"from": "25849", "to": "25869"}]}"#, ("DE", "", "25848"), false)]
    #[case::range_above(r#"{"countries": ["DE"], "postalCodes": [{"from": "25849", "to": "25869"}]}"#, ("DE", "", "25870"), false)]
    #[case::range_of_prefixes(r#"{"countries": ["DE"], "postalCodes": [{"from": "80", "to": "89"}]}"#, ("DE", "", "89999"), true)]
    #[case::postal_code_unknown(r#"{"countries": ["DE"], "postalCodes": [{"from": "00", "to": "99"}]}"#, ("DE", "", ""), false)]
    fn an_area_holds(#[case] json: &str, #[case] to: (&str, &str, &str), #[case] expected: bool) {
        let destination = Destination { country: to.0, region: to.1, postal_code: to.2 };
        assert_eq!(area(json).holds(destination), expected);
    }
}
