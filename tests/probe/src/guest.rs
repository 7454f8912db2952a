//! What is released.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use fondaco_engine::Grants;
use fondaco_test_servers::missing;
use serde_json::Value;

/// A component, with what its manifest would say.
#[derive(Debug, Clone)]
pub struct Guest {
    pub(crate) wasm: Bytes,
    pub(crate) read_only: Vec<String>,
    pub(crate) grants: Grants,
}

impl Guest {
    /// One of `tests/guests`. Where it is not built, it says so; see [`missing`].
    pub fn built(name: &str) -> Option<Self> {
        let file = folder().join("tests").join(name).with_extension("wasm");
        let bytes = std::fs::read(&file).ok();
        if bytes.is_none() {
            missing(&file.display().to_string(), "cargo xtask build-plugins");
        }
        Some(Self::of(bytes?.into()))
    }

    /// One that a test made, which is granted nothing.
    pub fn of(wasm: Bytes) -> Self {
        Self { wasm, read_only: Vec::new(), grants: Grants::new() }
    }

    /// These functions only read: `<interface>.<function>`.
    pub fn read_only(self, functions: &[&str]) -> Self {
        Self { read_only: functions.iter().map(|&function| function.to_owned()).collect(), ..self }
    }

    /// It is granted this, by capability, and nothing else.
    pub fn granted(self, grants: Value) -> Self {
        let Value::Object(grants) = grants else { panic!("grants by capability, not {grants}") };
        Self { grants: grants.into_iter().collect(), ..self }
    }
}

/// Where components are: `FONDACO_COMPONENTS`, or `target/components`.
fn folder() -> PathBuf {
    let beside = || {
        let own = std::env::current_exe().expect("a test knows its executable");
        own.ancestors().nth(3).map(|target| target.join("components")).expect("an executable in target/<profile>/deps")
    };
    std::env::var_os("FONDACO_COMPONENTS").map_or_else(beside, |folder| Path::new(&folder).to_owned())
}
