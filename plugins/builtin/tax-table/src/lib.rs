//! Built-in tax: VAT or sales tax from a table by country, region and category.

use fondaco_sdk::prelude::*;

/// The release's config.
#[derive(Config)]
pub struct TaxTable {
    /// What applies as long as the destination is not known; nothing where absent.
    home: Option<Place>,
    rows: Vec<Row>,
}

#[derive(Config)]
struct Place {
    country: String,
    region: Option<String>,
}

/// One tax. Of the rows with the same name the first that fits an item is taken; rows with different names add up.
#[derive(Config)]
struct Row {
    country: String,
    /// Only this state or province; all where absent.
    region: Option<String>,
    /// Only this tax category; all where absent.
    category: Option<String>,
    name: String,
    percent: Decimal,
    /// Whether shipping bears it too; it does where absent.
    shipping: Option<bool>,
}

/// Where prices contain tax and where they do not is the store's policy, so one table serves both.
#[plugin(tax)]
fn tax_table(cart: &Cart, taxables: &Taxables, config: &TaxTable) -> Result<Taxation, Fault> {
    let mut taxation = Taxation::of(cart);
    let Some((country, region)) = config.place(cart) else { return Ok(taxation) };
    for taxable in &taxables.items {
        let mut parts: Vec<Part> = Vec::new();
        for row in config.rows.iter().filter(|row| row.fits(country, region, taxable)) {
            if !parts.iter().any(|part| part.name == row.name) {
                parts.push(Part::percent(row.jurisdiction(), row.name.as_str(), row.percent));
            }
        }
        if !parts.is_empty() {
            taxation.add(taxable.item, parts);
        }
    }
    Ok(taxation)
}

impl TaxTable {
    fn place<'a>(&'a self, cart: &'a Cart) -> Option<(&'a str, &'a str)> {
        if let Some(address) = &cart.destination {
            return Some((&address.country, &address.region));
        }
        let home = self.home.as_ref()?;
        Some((&home.country, home.region.as_deref().unwrap_or_default()))
    }
}

impl Row {
    fn fits(&self, country: &str, region: &str, taxable: &Taxable) -> bool {
        let item = match taxable.item {
            Item::Line(_) => self.category.as_ref().is_none_or(|category| *category == taxable.category),
            Item::Shipping => self.category.is_none() && self.shipping != Some(false),
        };
        item && self.country == country && self.region.as_ref().is_none_or(|own| own == region)
    }

    fn jurisdiction(&self) -> String {
        self.region.as_ref().map_or_else(|| self.country.clone(), |region| [&self.country, "-", region].concat())
    }
}

#[cfg(test)]
mod tests;
