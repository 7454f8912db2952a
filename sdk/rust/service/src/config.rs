//! The configuration of the release that serves.

use std::sync::Arc;

/// Settings by tenant: `{"default": …, "tenants": {"acme": …}}`, both optional.
pub use fondaco_settings::Settings;
use serde::de::DeserializeOwned;

use crate::{Fault, fault, host};

/// The release's configuration as `T`; an absent one is `{}`. `BAD_CONFIG` names the path of what is wrong.
pub fn read<T: DeserializeOwned>() -> Result<T, Fault> {
    let text = host::current(|host| host.config())?;
    let text = text.filter(|text| !text.trim().is_empty()).unwrap_or_else(|| "{}".to_owned());
    let mut reader = serde_json::Deserializer::from_str(&text);
    let config = serde_path_to_error::deserialize(&mut reader).map_err(|error| bad(error.path(), error.inner()))?;
    reader.end().map_err(|error| bad(&".", &error))?;
    Ok(config)
}

fn bad(path: &dyn std::fmt::Display, problem: &dyn std::fmt::Display) -> Fault {
    let message = format!("The service's configuration: {path}: {problem}");
    fault::internal("BAD_CONFIG", message).with("path", path.to_string())
}

/// A configuration that is parsed once an instance: an instance belongs to one release, whose configuration never
/// changes. Put it into a `thread_local!`. Natively each call reads anew, as each test has a configuration of its own.
#[derive(Debug)]
pub struct Once<T> {
    #[cfg(target_arch = "wasm32")]
    parsed: std::cell::OnceCell<Arc<T>>,
    #[cfg(not(target_arch = "wasm32"))]
    parsed: std::marker::PhantomData<T>,
}

impl<T> Default for Once<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Once<T> {
    /// Not read yet.
    pub const fn new() -> Self {
        #[cfg(target_arch = "wasm32")]
        let parsed = std::cell::OnceCell::new();
        #[cfg(not(target_arch = "wasm32"))]
        let parsed = std::marker::PhantomData;
        Self { parsed }
    }
}

impl<T: DeserializeOwned> Once<T> {
    /// The configuration.
    pub fn get(&self) -> Result<Arc<T>, Fault> {
        #[cfg(target_arch = "wasm32")]
        {
            if let Some(parsed) = self.parsed.get() {
                return Ok(Arc::clone(parsed));
            }
            let parsed = Arc::new(read()?);
            Ok(Arc::clone(self.parsed.get_or_init(|| parsed)))
        }
        #[cfg(not(target_arch = "wasm32"))]
        read().map(Arc::new)
    }
}
