//! One store's shipping: its zones and its parcels.

use serde::Deserialize;

use crate::parcels::{Item, PackingError, Parcel, ParcelLimits, pack};
use crate::zones::{Destination, Zone};

/// The zone of an address that no zone of the store holds.
pub const REST_OF_WORLD: &str = "rest-of-world";

/// How a store ships.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Store {
    /// Its zones; the first that holds an address counts.
    pub zones: Vec<Zone>,
    /// Whether it ships to where no zone is.
    #[serde(default)]
    pub rest_of_world: bool,
    /// Its parcels.
    pub parcel: ParcelLimits,
}

/// Zone and parcels.
#[derive(Debug, PartialEq, Eq)]
pub struct Resolution<'a> {
    /// The zone's name.
    pub zone: &'a str,
    /// The parcels, in the order of the items.
    pub parcels: Vec<Parcel>,
}

/// Why a store can't ship something somewhere.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShippingError {
    /// It does not ship there.
    #[error("the store does not ship to {}", in_words([country, region, postal_code]))]
    NoZone {
        /// The country asked for.
        country: String,
        /// The region asked for.
        region: String,
        /// The postal code asked for.
        postal_code: String,
    },
    /// The goods can't be packed.
    #[error(transparent)]
    Packing(#[from] PackingError),
}

fn in_words(parts: [&str; 3]) -> String {
    let known: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    known.join(", ")
}

impl Store {
    /// Finds the zone of `destination` and packs `items`.
    pub fn resolve(&self, destination: Destination<'_>, items: &[Item]) -> Result<Resolution<'_>, ShippingError> {
        let zone = self.zone(destination).ok_or_else(|| ShippingError::NoZone {
            country: destination.country.to_owned(),
            region: destination.region.to_owned(),
            postal_code: destination.postal_code.to_owned(),
        })?;
        Ok(Resolution { zone, parcels: pack(items, self.parcel)? })
    }

    fn zone(&self, destination: Destination<'_>) -> Option<&str> {
        let named = self.zones.iter().find(|zone| zone.holds(destination));
        named.map(|zone| zone.name.as_str()).or(self.rest_of_world.then_some(REST_OF_WORLD))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use fondaco_settings::Settings;
    use rstest::rstest;

    const DEMO: &str = include_str!("../demo/config.json");

    fn to<'a>(country: &'a str, region: &'a str, postal_code: &'a str) -> Destination<'a> {
        Destination { country, region, postal_code }
    }

    #[rstest]
    #[case("acme", to("DE", "", "10115"), Some("domestic"))]
    #[case::island("acme", to("DE", "", "27498"), Some("islands"))]
    #[case("acme", to("FR", "", "75001"), Some("eu"))]
    #[case("acme", to("US", "CA", "90001"), Some("rest-of-world"))]
    #[case("globex", to("US", "CA", "90001"), Some("contiguous"))]
    #[case("globex", to("US", "HI", "96801"), Some("offshore"))]
    #[case("globex", to("DE", "", "10115"), None)]
    fn the_demo_stores_ship(#[case] tenant: &str, #[case] destination: Destination<'_>, #[case] zone: Option<&str>) {
        let settings: Settings<Store> = Settings::parse(DEMO).unwrap();
        let resolution =
            settings.of(tenant).unwrap().resolve(destination, &[Item { line: 0, quantity: 2, grams: 500 }]);
        assert_eq!(resolution.as_ref().ok().map(|resolution| resolution.zone), zone);
        if let Ok(resolution) = resolution {
            assert_eq!(resolution.parcels.len(), 1);
        }
    }

    #[test]
    fn where_a_store_does_not_ship_the_error_says_where() {
        let settings: Settings<Store> = Settings::parse(DEMO).unwrap();
        let error = settings.of("globex").unwrap().resolve(to("DE", "", "10115"), &[]).unwrap_err();
        assert_eq!(error.to_string(), "the store does not ship to DE, 10115");
    }
}
