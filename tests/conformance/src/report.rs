//! The report: what `docs/conformance.md` holds.

use crate::case::{Judged, Suite, Verdict};
use std::{collections::BTreeMap, fmt::Write};

/// Cases that failed without being contested.
#[derive(Debug)]
pub struct Mismatch {
    /// `id: what was found and expected`, one a case.
    pub cases: Vec<String>,
}

impl Mismatch {
    /// All of them.
    pub fn of(suites: &[Suite]) -> Self {
        let failed = |case: &Judged| match &case.verdict {
            Verdict::Failed(what) => Some(format!("{}: {what}", case.id)),
            _ => None,
        };
        Self { cases: suites.iter().flat_map(|suite| &suite.cases).filter_map(failed).collect() }
    }
}

/// One line a suite, for a terminal.
pub fn summary(suites: &[Suite]) -> String {
    let mut text = String::new();
    for suite in suites {
        let [passed, failed, not_mapped, contested] = counts(suite);
        let _ = writeln!(
            text,
            "{:<45} {:>4} cases: {passed:>4} passed, {failed} failed, {not_mapped} not mapped, {contested} contested",
            suite.name,
            suite.cases.len(),
        );
    }
    text
}

/// The report as Markdown.
pub fn markdown(suites: &[Suite]) -> String {
    let mut text = String::from(HEAD);
    text.push_str("\n| suite | cases | passed | failed | not mapped | contested |\n|---|---:|---:|---:|---:|---:|\n");
    for suite in suites {
        let [passed, failed, not_mapped, contested] = counts(suite);
        let (name, file, all) = (suite.name, suite.file, suite.cases.len());
        let _ = writeln!(text, "| {name} (`{file}`) | {all} | {passed} | {failed} | {not_mapped} | {contested} |");
    }
    for suite in suites {
        section(&mut text, suite);
    }
    text
}

const HEAD: &str = "# Conformance

Cases of public test suites (moneyphp, RubyMoney, dinero.js, Oscar, Solidus, Spree, Sylius), as data in
`tests/conformance/data`, run against `fondaco-commerce`. This file is written by the test and checked by it:

```sh
cargo nextest run -p fondaco-conformance                      # fails if a case fails, or if this file is stale
FONDACO_BLESS=1 cargo nextest run -p fondaco-conformance      # writes this file
FONDACO_CONFORMANCE_DIR=path cargo nextest run -p fondaco-conformance --no-capture   # judges other files of these names
```

A case is mapped by rule, never by its id. Each case runs under the policy that it declares: its rounding mode, its
allocation policy, its tax level. What a merchant's plugin would hold (conditions, tiers, filters, coupons, zones) stands
in the mapping; percentages, rounding, spreading, stacking, caps, floors, taxes and totals are Fondaco's. A Sylius cart is
discounted twice: promotion by promotion, and with all its discounts in one call, a lane each; both must agree.

What a pass is worth differs. Promotions, Sylius carts and taxes go through `stacking::apply` and `tax::assess`. Shipping
charges, refunds and amounts finer than a minor unit exercise exact decimals and one rounding, no more. Allocation under a
source's own policy runs `allocation::compat`, which is there for merchants who come from that system; the suite after it
says where Fondaco's own rule gives the same. Where one Solidus discount is spread over lines, the sum is Fondaco's, and
a share may be either Fondaco's (largest remainder) or the source's (truncate from the last).

*Contested* is a case whose source disagrees with arithmetic or with itself; it counts in no rate.
";

fn counts(suite: &Suite) -> [usize; 4] {
    [
        suite.count(|verdict| matches!(verdict, Verdict::Passed)),
        suite.count(|verdict| matches!(verdict, Verdict::Failed(_))),
        suite.count(|verdict| matches!(verdict, Verdict::NotMapped(_))),
        suite.count(|verdict| matches!(verdict, Verdict::Contested(_))),
    ]
}

fn section(text: &mut String, suite: &Suite) {
    let _ = writeln!(text, "\n## {}", suite.name);
    let mut passed = Vec::new();
    let mut not_mapped: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut told = Vec::new();
    for case in &suite.cases {
        match &case.verdict {
            Verdict::Passed => passed.push(case.id.as_str()),
            Verdict::NotMapped(why) => not_mapped.entry(why).or_default().push(&case.id),
            Verdict::Failed(what) => told.push(format!("- failed: `{}` ({}): {what}", case.id, case.source)),
            Verdict::Contested(why) => told.push(format!("- contested: `{}` ({}): {why}", case.id, case.source)),
        }
    }
    if !told.is_empty() {
        let _ = writeln!(text, "\n{}", told.join("\n"));
    }
    if !not_mapped.is_empty() {
        let _ = writeln!(text, "\nNot mapped:\n");
        for (why, ids) in &not_mapped {
            let _ = writeln!(text, "- {why}: {}", listed(ids));
        }
    }
    let _ =
        writeln!(text, "\n<details><summary>{} passed</summary>\n\n{}\n\n</details>", passed.len(), listed(&passed));
}

fn listed(ids: &[&str]) -> String {
    ids.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")
}
