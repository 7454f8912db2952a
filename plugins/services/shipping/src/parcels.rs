//! Packing: first come, first packed. Goods go into the open parcel as far as its weight allows, the rest into the
//! next one. A quantity stays a number; it is divided by what fits, never laid out unit by unit.

use serde::Deserialize;

/// No quote is worth more parcels than this; a list of them would only be long.
pub const MOST_PARCELS: usize = 1_000;

/// What a store's parcels are like.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ParcelLimits {
    /// The most that one parcel may weigh, packing included, in grams.
    pub max_grams: u64,
    /// What the packing of one parcel weighs, in grams.
    #[serde(default)]
    pub tare_grams: u64,
}

/// Goods to be packed.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// The caller's number for the line.
    pub line: u32,
    /// How many units.
    pub quantity: u32,
    /// Weight of one unit in grams.
    pub grams: u32,
}

/// A packed parcel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parcel {
    /// Weight in grams, packing included.
    pub grams: u64,
    /// The lines with at least one unit in it, ascending.
    pub lines: Vec<u32>,
}

/// Why goods can't be packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackingError {
    /// One unit alone is too heavy.
    #[error("one unit of line {line} weighs {grams} g, and a parcel holds {capacity} g at most")]
    TooHeavy {
        /// Which line.
        line: u32,
        /// What a unit weighs.
        grams: u32,
        /// What a parcel holds.
        capacity: u64,
    },
    /// More than [`MOST_PARCELS`].
    #[error("the goods need more than {MOST_PARCELS} parcels")]
    TooManyParcels,
}

/// Packs `items` in their order.
pub fn pack(items: &[Item], limits: ParcelLimits) -> Result<Vec<Parcel>, PackingError> {
    let capacity = limits.max_grams.saturating_sub(limits.tare_grams);
    let mut packing = Packing { capacity, parcels: Vec::new(), open: Parcel::default() };
    for item in items {
        packing.add(*item)?;
    }
    packing.close()?;
    Ok(packing.parcels.into_iter().map(|parcel| finish(parcel, limits.tare_grams)).collect())
}

fn finish(mut parcel: Parcel, tare_grams: u64) -> Parcel {
    parcel.grams = parcel.grams.saturating_add(tare_grams);
    parcel.lines.sort_unstable();
    parcel.lines.dedup();
    parcel
}

struct Packing {
    capacity: u64,
    parcels: Vec<Parcel>,
    /// The parcel that is being filled; its weight is yet without packing.
    open: Parcel,
}

impl Packing {
    fn add(&mut self, item: Item) -> Result<(), PackingError> {
        let unit = u64::from(item.grams);
        if unit > self.capacity {
            return Err(PackingError::TooHeavy { line: item.line, grams: item.grams, capacity: self.capacity });
        }
        let mut left = u64::from(item.quantity);
        while left > 0 {
            let room = self.capacity - self.open.grams;
            // What weighs nothing always fits.
            let fitting = room.checked_div(unit).unwrap_or(left).min(left);
            if fitting == 0 {
                self.close()?;
                continue;
            }
            self.open.grams += fitting * unit;
            self.open.lines.push(item.line);
            left -= fitting;
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), PackingError> {
        if self.open.lines.is_empty() {
            return Ok(());
        }
        if self.parcels.len() >= MOST_PARCELS {
            return Err(PackingError::TooManyParcels);
        }
        self.parcels.push(std::mem::take(&mut self.open));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    const LIMITS: ParcelLimits = ParcelLimits { max_grams: 1_100, tare_grams: 100 };

    fn item(line: u32, quantity: u32, grams: u32) -> Item {
        Item { line, quantity, grams }
    }

    fn parcel(grams: u64, lines: &[u32]) -> Parcel {
        Parcel { grams, lines: lines.to_vec() }
    }

    #[test]
    fn goods_fill_a_parcel_and_go_on_in_the_next() {
        let parcels = pack(&[item(0, 3, 400), item(1, 1, 100), item(2, 1, 700)], LIMITS).unwrap();
        assert_eq!(parcels, [parcel(900, &[0]), parcel(600, &[0, 1]), parcel(800, &[2])]);
    }

    #[test]
    fn weightless_goods_share_a_parcel_and_no_goods_make_none() {
        assert_eq!(pack(&[item(0, 1_000_000, 0)], LIMITS).unwrap(), [parcel(100, &[0])]);
        assert_eq!(pack(&[], LIMITS).unwrap(), []);
    }

    #[test]
    fn a_full_parcel_takes_weightless_goods() {
        assert_eq!(pack(&[item(0, 1, 1_000), item(1, 5, 0)], LIMITS).unwrap(), [parcel(1_100, &[0, 1])]);
    }

    #[test]
    fn a_unit_above_the_limit_is_refused() {
        let error = pack(&[item(3, 1, 1_001)], LIMITS).unwrap_err();
        assert_eq!(error, PackingError::TooHeavy { line: 3, grams: 1_001, capacity: 1_000 });
        assert!(pack(&[item(0, 1, 1)], ParcelLimits { max_grams: 10, tare_grams: 20 }).is_err());
    }

    #[test]
    fn a_mass_of_parcels_is_refused_without_making_it() {
        assert_eq!(pack(&[item(0, 1_000_000, 1_000)], LIMITS), Err(PackingError::TooManyParcels));
        assert_eq!(pack(&[item(0, 1_000, 1_000)], LIMITS).unwrap().len(), MOST_PARCELS);
    }

    proptest! {
        #[test]
        fn everything_is_packed_and_no_parcel_is_too_heavy(
            goods in prop::collection::vec((1_u32..200, 0_u32..=1_000), 0..12)
        ) {
            let items: Vec<Item> = (0..).zip(&goods).map(|(line, (quantity, grams))| item(line, *quantity, *grams)).collect();
            let Ok(parcels) = pack(&items, LIMITS) else { return Ok(()) };
            let goods_grams: u64 = items.iter().map(|item| u64::from(item.quantity) * u64::from(item.grams)).sum();
            let packed_grams: u64 = parcels.iter().map(|parcel| parcel.grams - LIMITS.tare_grams).sum();
            prop_assert_eq!(packed_grams, goods_grams);
            prop_assert!(parcels.iter().all(|parcel| parcel.grams <= LIMITS.max_grams));
            prop_assert!(parcels.iter().all(|parcel| parcel.lines.is_sorted_by(|a, b| a < b)));
            for item in &items {
                prop_assert!(parcels.iter().any(|parcel| parcel.lines.contains(&item.line)));
            }
        }
    }
}
