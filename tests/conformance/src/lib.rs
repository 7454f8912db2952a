//! Other people's cases, run against our arithmetic and policy.
//!
//! `data/` holds figures of public suites (moneyphp, RubyMoney, dinero.js, Oscar, Solidus, Spree, Sylius). A case is
//! mapped by rule to what `fondaco-commerce` offers, never by its id, so that cases that were not seen when the rules
//! were written are judged by the same rules. It must not know: any expected figure, any list of cases to skip.
//!
//! Four verdicts: passed, failed, not mapped (with the reason: what Fondaco has no counterpart for, or a field that the
//! mapping does not know), contested (the source itself disagrees with arithmetic; told, and in no rate).
//!
//! What the mapping adds of its own is what a merchant's plugin would hold: conditions, tiers, filters. What is judged is
//! everything after that: percentages, rounding, spreading, stacking, caps, floors, taxes, totals.

mod allocation;
mod calculators;
mod case;
mod number;
mod report;
mod rounding;
mod solidus_tax;
mod sylius;

pub use case::{Judged, Suite, Verdict};
pub use report::{Mismatch, markdown, summary};

use std::{io, path::Path};

/// Judges all cases of the files in `folder`. A file that is not there is an empty suite.
pub fn judge(folder: &Path) -> io::Result<Vec<Suite>> {
    Ok(vec![
        Suite::of_file("Rounding", folder, "rounding.json", "cases", rounding::judge)?,
        Suite::of_file(
            "Allocation, each case under its own policy",
            folder,
            "allocation.json",
            "cases",
            allocation::judge,
        )?,
        Suite::of_file(
            "Allocation, under Fondaco's policy",
            folder,
            "allocation.json",
            "cases",
            allocation::judge_ours,
        )?,
        Suite::of_file("Solidus taxes", folder, "solidus-tax.json", "cases", solidus_tax::judge)?,
        Suite::of_file(
            "Solidus tax calculators",
            folder,
            "solidus-tax.json",
            "calculator_cases",
            solidus_tax::judge_calculator,
        )?,
        Suite::of_file(
            "Solidus promotions and charges",
            folder,
            "solidus-calculators.json",
            "cases",
            calculators::judge_solidus,
        )?,
        Suite::of_file(
            "Spree promotions and charges",
            folder,
            "spree-calculators.json",
            "cases",
            calculators::judge_spree,
        )?,
        Suite::of_file("Sylius carts and shelf prices", folder, "sylius.json", "", sylius::judge)?,
    ])
}
