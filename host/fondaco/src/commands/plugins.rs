//! `fondaco plugins`: what may be released, and what serves.

use super::wire::{Items, Package, Pushed, Release, short};
use crate::cli::Common;
use crate::client::{Client, Need};
use crate::failure::Failure;
use crate::output::{Output, size, time};

pub(crate) async fn run(common: &Common, name: Option<&str>, output: Output) -> Result<(), Failure> {
    let client = Client::new(common, Need::Tenant)?;
    if let Some(name) = name {
        let versions: Items<Pushed> = client.get(&["v1", "plugins", name], &[]).await?;
        return output.answer(&versions, |output, versions| versions_table(output, &versions.items));
    }
    let mut plugins: Items<Package> = client.get(&["v1", "plugins"], &[]).await?;
    let releases: Items<Release> = client.get(&["v1", "releases"], &[]).await?;
    for plugin in &mut plugins.items {
        plugin.release = releases.items.iter().find(|release| release.name == plugin.name).cloned();
    }
    plugins.items.sort_by_key(|plugin| order(&releases.items, plugin));
    output.answer(&plugins, |output, plugins| match plugins.items.as_slice() {
        [] => "no plugins yet; `fondaco push FILE.wasm` brings one in".to_owned(),
        plugins => plugins_table(output, plugins),
    })
}

/// What serves first, in the order in which it runs.
fn order(releases: &[Release], plugin: &Package) -> (usize, String) {
    let place = releases.iter().position(|release| release.name == plugin.name);
    (place.unwrap_or(usize::MAX), plugin.name.clone())
}

fn plugins_table(output: Output, plugins: &[Package]) -> String {
    let rows = plugins.iter().map(|plugin| {
        let release = plugin.release.as_ref();
        let served = |of: fn(&Release) -> String| release.map_or_else(|| "-".to_owned(), of);
        vec![
            plugin.name.clone(),
            plugin.point.clone().unwrap_or_default(),
            served(|release| release.version.clone()),
            served(|release| release.position.to_string()),
            served(|release| release.on_failure.clone()),
            if plugin.owner == "@platform" { "platform".to_owned() } else { "own".to_owned() },
            plugin.versions.first().cloned().unwrap_or_default(),
            release.and_then(|release| release.problem.clone()).unwrap_or_default(),
        ]
    });
    output.table(&["NAME", "POINT", "SERVES", ">POSITION", "ON FAILURE", "OWNER", "NEWEST", "PROBLEM"], rows.collect())
}

fn versions_table(output: Output, versions: &[Pushed]) -> String {
    let rows = versions.iter().map(|version| {
        vec![
            version.version.clone(),
            short(&version.digest).to_owned(),
            size(version.size),
            time(version.created_ms),
            version.actor.clone(),
        ]
    });
    output.table(&["VERSION", "DIGEST", ">SIZE", "PUSHED (UTC)", "BY"], rows.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_table_shows_what_serves_and_what_could() {
        let plugins: Items<Package> = serde_json::from_value(json!({ "items": [
            { "name": "volume-tiers", "owner": "acme", "point": "price-rule", "versions": ["1.1.0", "1.0.0"], "release": {
                "tenant": "acme", "point": "price-rule", "name": "volume-tiers", "revision": 3, "source": "acme",
                "version": "1.0.0", "digest": "ab".repeat(32), "position": 10, "config": {}, "onFailure": "skip",
                "actor": "shop (k1)", "atMs": 0,
            }},
            { "name": "tax-table", "owner": "@platform", "point": "tax", "versions": ["1.0.0"] },
        ]}))
        .unwrap();
        insta::assert_snapshot!(plugins_table(Output::PLAIN, &plugins.items), @r"
        NAME          POINT       SERVES  POSITION  ON FAILURE  OWNER     NEWEST  PROBLEM
        volume-tiers  price-rule  1.0.0         10  skip        own       1.1.0
        tax-table     tax         -              -  -           platform  1.0.0
        ");
    }
}
