//! A shipping rate: by weight and zone.

use fondaco_sdk::prelude::*;

/// The release's config.
#[derive(Config)]
pub struct Zones {
    /// What the prices are in.
    currency: String,
    /// Options by the zone that the shipping service found.
    zones: Map<Vec<Method>>,
}

/// One way to ship.
#[derive(Config)]
struct Method {
    code: String,
    title: String,
    /// For each parcel, in minor units.
    base: i64,
    /// For each kilogram begun of each parcel, in minor units.
    per_kg: i64,
    min_days: u16,
    max_days: u16,
}

/// A price for each parcel, by its own weight.
#[plugin(shipping_rate)]
fn zone_shipping(_cart: &Cart, shipment: &Shipment, config: &Zones) -> Result<Vec<Rate>, Fault> {
    let Some(methods) = config.zones.get(&shipment.zone) else { return Ok(vec![]) };
    Ok(methods.iter().map(|method| method.rate(shipment, &config.currency)).collect())
}

impl Method {
    fn rate(&self, shipment: &Shipment, currency: &str) -> Rate {
        let mut price = 0_i64;
        for parcel in &shipment.parcels {
            let kilograms = i64::try_from(parcel.grams.div_ceil(1000)).unwrap_or(i64::MAX);
            price = price.saturating_add(self.base).saturating_add(self.per_kg.saturating_mul(kilograms));
        }
        let parcels = shipment.parcels.len();
        Rate::new(self.code.as_str(), self.title.as_str(), Money::new(price, currency))
            .days(self.min_days, self.max_days)
            .reason(format!("{parcels} parcel(s) to zone {}", shipment.zone))
    }
}

#[cfg(test)]
mod tests;
