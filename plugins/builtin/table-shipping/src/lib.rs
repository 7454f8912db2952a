//! Built-in shipping: a table of prices by zone and weight or value. The first row that fits is taken.

use fondaco_sdk::prelude::*;

/// The release's config.
#[derive(Config)]
pub struct Table {
    /// What the prices are in.
    currency: String,
    code: String,
    title: String,
    by: Measure,
    rows: Vec<Row>,
    min_days: Option<u16>,
    max_days: Option<u16>,
}

/// What `up_to` bounds.
#[derive(Config)]
enum Measure {
    /// Grams of all parcels.
    Weight,
    /// What the goods come to, in minor units.
    Value,
    /// Units that are shipped.
    Quantity,
}

#[derive(Config)]
struct Row {
    /// Only for this zone; for all where absent.
    zone: Option<String>,
    /// Up to and with so much; without bound where absent.
    up_to: Option<u64>,
    /// In minor units.
    price: i64,
}

/// At most one rate; none where no row fits.
#[plugin(shipping_rate)]
fn table_shipping(cart: &Cart, shipment: &Shipment, config: &Table) -> Result<Vec<Rate>, Fault> {
    let measured = config.by.of(cart, shipment);
    let fits = |row: &&Row| {
        row.zone.as_ref().is_none_or(|zone| *zone == shipment.zone) && row.up_to.is_none_or(|most| measured <= most)
    };
    let Some(row) = config.rows.iter().find(fits) else { return Ok(vec![]) };
    let rate = Rate::new(config.code.as_str(), config.title.as_str(), Money::new(row.price, config.currency.as_str()));
    let rate = Rate { min_days: config.min_days, max_days: config.max_days, ..rate };
    Ok(vec![rate.reason(format!("{measured} {} to zone {}", config.by.unit(), shipment.zone))])
}

impl Measure {
    fn of(&self, cart: &Cart, shipment: &Shipment) -> u64 {
        match self {
            Self::Weight => shipment.parcels.iter().fold(0, |sum, parcel| sum.saturating_add(parcel.grams)),
            Self::Value => u64::try_from(cart.subtotal()).unwrap_or(0),
            Self::Quantity => {
                cart.lines.iter().filter(|line| line.requires_shipping).map(|line| u64::from(line.quantity)).sum()
            }
        }
    }

    fn unit(&self) -> &'static str {
        match self {
            Self::Weight => "g",
            Self::Value => "minor units",
            Self::Quantity => "units",
        }
    }
}

#[cfg(test)]
mod tests;
