//! The configuration of a service's release: one part a tenant, and one for the tenants that have none of their own.
//!
//! It knows neither the host nor any service: a guest hands in what it read from `wasi:config/store`, and says what a
//! tenant's part looks like.
//!
//! ```
//! use fondaco_settings::Settings;
//!
//! #[derive(Debug, serde::Deserialize)]
//! #[serde(deny_unknown_fields)]
//! struct Wrapping {
//!     each: i64,
//! }
//!
//! let config = r#"{"default": {"each": 250}, "tenants": {"acme": {"each": 0}}}"#;
//! let settings: Settings<Wrapping> = Settings::parse(config)?;
//! assert_eq!(settings.of("acme").map(|wrapping| wrapping.each), Some(0));
//! assert_eq!(settings.of("globex").map(|wrapping| wrapping.each), Some(250));
//!
//! let error = Settings::<Wrapping>::parse(r#"{"default": {"eech": 250}}"#).unwrap_err();
//! assert_eq!(error.path, "default.eech");
//! # Ok::<(), fondaco_settings::SettingsError>(())
//! ```

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// Settings by tenant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings<T> {
    default: Option<T>,
    #[serde(default = "BTreeMap::new")]
    tenants: BTreeMap<String, T>,
}

/// The configuration is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("configuration: {path}: {problem}")]
pub struct SettingsError {
    /// Where in it: `tenants.acme.each`; `.` for the whole.
    pub path: String,
    /// What is wrong there.
    pub problem: String,
}

impl SettingsError {
    fn of_whole(problem: String) -> Self {
        Self { path: ".".to_owned(), problem }
    }
}

impl<T: DeserializeOwned> Settings<T> {
    /// Reads `{"default": …, "tenants": {"<tenant>": …}}`; both are optional. An error names the path of what is wrong.
    pub fn parse(json: &str) -> Result<Self, SettingsError> {
        let mut reader = serde_json::Deserializer::from_str(json);
        let settings = serde_path_to_error::deserialize(&mut reader)
            .map_err(|error| SettingsError { path: error.path().to_string(), problem: error.inner().to_string() })?;
        reader.end().map_err(|error| SettingsError::of_whole(error.to_string()))?;
        Ok(settings)
    }

    /// The same of what `wasi:config/store` answered for the key `config`. A release without a configuration has an
    /// empty one.
    pub fn read<E: Debug>(stored: Result<Option<String>, E>) -> Result<Self, SettingsError> {
        let stored = stored.map_err(|error| SettingsError::of_whole(format!("cannot be read: {error:?}")))?;
        Self::parse(stored.as_deref().filter(|json| !json.is_empty()).unwrap_or("{}"))
    }
}

impl<T> Settings<T> {
    /// The settings of `tenant`: its own, otherwise the default.
    pub fn of(&self, tenant: &str) -> Option<&T> {
        self.tenants.get(tenant).or(self.default.as_ref())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Size {
        height: u8,
    }

    #[test]
    fn a_tenant_without_settings_of_its_own_gets_the_default() {
        let settings: Settings<Size> =
            Settings::parse(r#"{"default": {"height": 1}, "tenants": {"acme": {"height": 2}}}"#).unwrap();
        assert_eq!(settings.of("acme").unwrap().height, 2);
        assert_eq!(settings.of("globex").unwrap().height, 1);
    }

    #[test]
    fn without_a_default_a_strange_tenant_has_none() {
        let settings: Settings<Size> = Settings::parse("{}").unwrap();
        assert!(settings.of("acme").is_none());
    }

    #[test]
    fn an_error_names_the_path() {
        let error = Settings::<Size>::parse(r#"{"tenants": {"acme": {"hight": 2}}}"#).unwrap_err();
        assert_eq!(error.path, "tenants.acme.hight");
        let error = Settings::<Size>::parse(r#"{"tenants": {"acme": {"height": 300}}}"#).unwrap_err();
        assert_eq!(error.path, "tenants.acme.height");
        assert_eq!(Settings::<Size>::parse("{} {}").unwrap_err().path, ".");
    }

    #[test]
    fn what_the_store_has_not_is_empty() {
        for stored in [Ok::<_, ()>(None), Ok(Some(String::new())), Ok(Some("{}".to_owned()))] {
            assert!(Settings::<Size>::read(stored).unwrap().of("acme").is_none());
        }
        let error = Settings::<Size>::read(Err("gone")).unwrap_err();
        assert_eq!(error.to_string(), "configuration: .: cannot be read: \"gone\"");
    }
}
