//! The configuration of the release: one part a tenant, and one for the tenants that have none of their own.

use std::collections::BTreeMap;

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
    path: String,
    problem: String,
}

impl<T: DeserializeOwned> Settings<T> {
    /// Reads `{"default": …, "tenants": {"<tenant>": …}}`; both are optional. An error names the path of what is wrong.
    pub fn parse(json: &str) -> Result<Self, SettingsError> {
        let mut reader = serde_json::Deserializer::from_str(json);
        let settings = serde_path_to_error::deserialize(&mut reader)
            .map_err(|error| SettingsError { path: error.path().to_string(), problem: error.inner().to_string() })?;
        reader.end().map_err(|error| SettingsError { path: ".".into(), problem: error.to_string() })?;
        Ok(settings)
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
        assert!(Settings::<Size>::parse("{} {}").is_err());
    }
}
