//! The demo: what `up --seed` brings in, and the keys that it makes for it.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub(crate) mod goods;

const KEYS_FILE: &str = "demo-keys.json";

/// `demo.toml`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Demo {
    #[serde(default, rename = "service")]
    pub(crate) services: Vec<Pushed>,
    /// Plugins of the platform.
    #[serde(default, rename = "plugin")]
    pub(crate) plugins: Vec<Pushed>,
    #[serde(default, rename = "tenant")]
    pub(crate) tenants: Vec<Tenant>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Pushed {
    /// Below the components folder, without `.wasm`.
    pub(crate) component: PathBuf,
    pub(crate) config: Option<String>,
    /// Beside the demo's file.
    pub(crate) config_file: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Tenant {
    pub(crate) name: String,
    #[serde(default, rename = "release")]
    pub(crate) releases: Vec<Release>,
    /// What it sells.
    pub(crate) goods: Option<Goods>,
}

/// A store's catalog and price book: some rows that stand beside the demo's file, and many that are made up.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Goods {
    /// Rows for `fondaco import catalog`.
    pub(crate) catalog: PathBuf,
    /// Rows for `fondaco import price-book`.
    pub(crate) prices: PathBuf,
    /// The store's currency, and a second one.
    pub(crate) currencies: [String; 2],
    /// Whether its prices include tax.
    pub(crate) tax_included: bool,
    /// Products that are made up, the same ones every time.
    pub(crate) made_up: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct Release {
    /// The tenant's own plugin: pushed first.
    pub(crate) component: Option<PathBuf>,
    /// One of the platform's.
    pub(crate) plugin: Option<String>,
    pub(crate) config: Option<String>,
    pub(crate) position: Option<i32>,
    pub(crate) on_failure: Option<fondaco_registry::OnFailure>,
}

impl Demo {
    pub(crate) fn load(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("demo.toml");
        let text = std::fs::read_to_string(&path).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
        toml::from_str(&text).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))
    }
}

/// The demo's keys, in a file that only this user can read: so that the client commands work at once.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct DemoKeys {
    pub(crate) operator: String,
    pub(crate) tenants: BTreeMap<String, String>,
}

impl DemoKeys {
    pub(crate) fn load(state: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(state.join(KEYS_FILE)).ok()?).ok()
    }

    pub(crate) fn store(&self, state: &Path) -> std::io::Result<()> {
        use std::os::unix::fs::OpenOptionsExt;
        let mut file = std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(state.join(KEYS_FILE))?;
        file.write_all(&serde_json::to_vec_pretty(self)?)?;
        file.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_of_this_repository_is_read() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/demo");
        let demo = Demo::load(&folder).unwrap();
        let names: Vec<&str> = demo.tenants.iter().map(|tenant| tenant.name.as_str()).collect();
        assert_eq!(names, ["acme", "globex"]);
        for release in demo.tenants.iter().flat_map(|tenant| &tenant.releases) {
            assert!(release.component.is_some() != release.plugin.is_some(), "one of the two: {release:?}");
            if let Some(config) = &release.config {
                assert!(serde_json::from_str::<serde_json::Value>(config).is_ok(), "{config}");
            }
        }
        let configs = demo.services.iter().filter_map(|service| service.config_file.as_ref());
        let goods = demo.tenants.iter().filter_map(|tenant| tenant.goods.as_ref());
        for file in configs.chain(goods.flat_map(|goods| [&goods.catalog, &goods.prices])) {
            assert!(folder.join(file).is_file(), "{}", file.display());
        }
    }

    #[test]
    fn keys_are_stored_for_this_user_only() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let keys = DemoKeys { operator: "fdk_o".into(), tenants: [("acme".to_owned(), "fdk_a".to_owned())].into() };
        keys.store(folder.path()).unwrap();
        assert_eq!(DemoKeys::load(folder.path()).unwrap().tenants["acme"], "fdk_a");
        let mode = std::fs::metadata(folder.path().join(KEYS_FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
