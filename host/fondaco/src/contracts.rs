//! The contracts of this host, as they were when it was built: for docs that components do not carry.

use wit_parser::Resolve;

/// One package a row, after those that it uses. Files of one package are read as one.
const PACKAGES: &[(&str, &[&str])] = &[
    ("types.wit", &[include_str!("../../../wit/types/types.wit")]),
    ("host.wit", &[include_str!("../../../wit/host/host.wit")]),
    (
        "plugin.wit",
        &[
            include_str!("../../../wit/plugin/types.wit"),
            include_str!("../../../wit/plugin/points.wit"),
            include_str!("../../../wit/plugin/plural.wit"),
        ],
    ),
    ("loyalty.wit", &[include_str!("../../../wit/loyalty/loyalty.wit")]),
    ("shipping.wit", &[include_str!("../../../wit/shipping/shipping.wit")]),
    ("catalog.wit", &[include_str!("../../../wit/catalog/catalog.wit")]),
    ("price-book.wit", &[include_str!("../../../wit/price-book/price-book.wit")]),
    ("pricing.wit", &[include_str!("../../../wit/pricing/pricing.wit")]),
];

/// All of them, without their worlds: those import WASI, which has words of its own.
pub(crate) fn resolve() -> Resolve {
    let mut resolve = Resolve::default();
    for (name, files) in PACKAGES {
        if let Err(error) = resolve.push_str(name, &without_worlds(&files.join("\n"))) {
            // Docs are a courtesy; the test below sees to it that they are there.
            tracing::warn!(package = name, %error, "the docs of a contract cannot be read");
        }
    }
    resolve
}

/// Worlds stand at the top level and end at the first brace that closes there.
fn without_worlds(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut inside = false;
    for line in text.lines() {
        inside = inside || line.starts_with("world ");
        if !inside {
            kept.push_str(line);
            kept.push('\n');
        }
        let ends = line == "}" || line.trim_end().ends_with('}') && line.starts_with("world ");
        inside = inside && !ends;
    }
    // Docs of a world that is gone.
    match kept.rfind('}') {
        Some(last) => kept.get(..=last).unwrap_or_default().to_owned(),
        None => kept,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contract_is_read() {
        let resolve = resolve();
        let names: Vec<String> =
            resolve.interfaces.iter().filter_map(|(id, interface)| interface.package.and(resolve.id_of(id))).collect();
        for expected in [
            "fondaco:types/money@1.0.0",
            "fondaco:plugin/price-rule@1.0.0",
            "fondaco:plugin/evaluations@1.0.0",
            "fondaco:pricing/quotes@1.0.0",
            "fondaco:shipping/zones@1.0.0",
            "fondaco:loyalty/accounts@1.0.0",
            "fondaco:catalog/transfer@1.0.0",
            "fondaco:price-book/prices@1.0.0",
            "fondaco:host/caller@1.0.0",
        ] {
            assert!(names.iter().any(|name| name == expected), "{expected} in {names:?}");
        }
    }
}
