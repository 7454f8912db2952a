//! `wasi:config/store`: the configuration of the release that serves.
//!
//! A release's config is one JSON document, so there is one key, `config`, whose value is the whole text. The service
//! parses it once per instance; a new config is a new release, and new releases have new instances.

use std::sync::Arc;

use fondaco_engine::{Extension, ServiceState};
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Linker, Lower};

const INTERFACE: &str = "wasi:config/store@0.2.0-rc.1";

/// The one key.
pub const KEY: &str = "config";

/// The capability.
#[derive(Debug, Clone, Copy, Default)]
pub struct Config;

/// `store.error`; what the host has in memory never fails, so neither case is ever made.
#[derive(Debug, Clone, PartialEq, Eq, ComponentType, Lower)]
#[component(variant)]
#[expect(dead_code, reason = "the interface has them")]
enum Error {
    #[component(name = "upstream")]
    Upstream(String),
    #[component(name = "io")]
    Io(String),
}

type Answer<T> = wasmtime::Result<(Result<T, Error>,)>;

fn get(config: &Arc<str>, key: &str) -> Option<Arc<str>> {
    (key == KEY).then(|| Arc::clone(config))
}

fn get_all(config: &Arc<str>) -> Vec<(&'static str, Arc<str>)> {
    vec![(KEY, Arc::clone(config))]
}

impl Extension for Config {
    fn add_to_linker(&self, linker: &mut Linker<ServiceState>) -> wasmtime::Result<()> {
        let mut interface = linker.instance(INTERFACE)?;
        interface.func_wrap("get", |store: StoreContextMut<'_, ServiceState>, (key,): (String,)| {
            let answer: Answer<_> = Ok((Ok(get(store.data().config(), &key)),));
            answer
        })?;
        interface.func_wrap("get-all", |store: StoreContextMut<'_, ServiceState>, (): ()| {
            let answer: Answer<_> = Ok((Ok(get_all(store.data().config())),));
            answer
        })
    }

    fn interfaces(&self) -> &[&str] {
        &[INTERFACE]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_holds_the_whole_text() {
        let config: Arc<str> = r#"{"rounding": "half-up"}"#.into();
        assert_eq!(get(&config, "config").as_deref(), Some(r#"{"rounding": "half-up"}"#));
        assert_eq!(get(&config, "rounding"), None);
        assert_eq!(get_all(&config), [("config", Arc::clone(&config))]);
    }
}
