//! Every case has a verdict, none fails, and the report in the tree says so.

#![allow(clippy::unwrap_used)]

use fondaco_conformance::{Mismatch, judge, markdown, summary};
use std::{env, fs, path::Path};

#[test]
fn cases_of_other_projects() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let others = env::var_os("FONDACO_CONFORMANCE_DIR");
    let folder = others.as_ref().map_or_else(|| here.join("data"), Into::into);
    let suites = judge(&folder).unwrap();
    println!("{}", summary(&suites));
    let mismatch = Mismatch::of(&suites);
    if others.is_some() {
        println!("{}", markdown(&suites));
    } else {
        compare_report(&here.join("../../docs/conformance.md"), &markdown(&suites));
    }
    assert!(mismatch.cases.is_empty(), "{} cases failed:\n{}", mismatch.cases.len(), mismatch.cases.join("\n"));
    assert!(suites.iter().any(|suite| !suite.cases.is_empty()), "no case in {}", folder.display());
}

fn compare_report(path: &Path, report: &str) {
    if env::var_os("FONDACO_BLESS").is_some() {
        fs::write(path, report).unwrap();
        return;
    }
    let kept = fs::read_to_string(path).unwrap_or_default();
    assert!(kept == report, "docs/conformance.md is stale: write it anew with FONDACO_BLESS=1");
}

/// The harness itself: a wrong figure is found, an unknown field is not passed over.
#[test]
fn a_wrong_figure_fails_and_an_unknown_field_is_not_mapped() {
    let folder = env::temp_dir().join(format!("fondaco-conformance-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let cases = r#"{"cases": [
        {"id": "right", "source": "", "value": "2.5", "to": "integer", "mode": "half_even", "source_mode": "", "expected": "2"},
        {"id": "wrong", "source": "", "value": "2.5", "to": "integer", "mode": "half_even", "source_mode": "", "expected": "3"},
        {"id": "new", "source": "", "value": "2.5", "to": "integer", "mode": "half_even", "expected": "2", "twist": 1},
        {"id": "odd", "source": "", "value": "2.5", "to": "integer", "mode": "half_even", "expected": "3", "contested": "why"}
    ]}"#;
    fs::write(folder.join("rounding.json"), cases).unwrap();
    let suites = judge(&folder).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    let told = markdown(&suites);
    assert!(told.contains("| 4 | 1 | 1 | 1 | 1 |"), "{told}");
    assert_eq!(Mismatch::of(&suites).cases.len(), 1);
    assert!(Mismatch::of(&suites).cases[0].starts_with("wrong: "));
}
