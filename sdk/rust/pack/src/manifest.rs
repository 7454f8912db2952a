//! What a component says about itself.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A guest's `fondaco.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Manifest {
    /// Its name: lower-case letters, digits and dashes, at most 63.
    pub name: String,
    /// Its version, by semver.
    pub version: semver::Version,
    /// One or two sentences, at most 1 KiB.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Services: a route for a function, `"POST /v1/pricing/quotes" = "quotes.quote"`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub routes: BTreeMap<String, String>,
    /// Services: functions that write nothing, `"quotes.quote"`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read_only: Vec<String>,
    /// Plugins: a config that a merchant may start from, as JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config_example: Option<String>,
}

/// What is wrong with a manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not TOML, or not of the manifest's shape.
    #[error("fondaco.toml: {0}")]
    Toml(#[from] toml::de::Error),
    /// The custom section is not JSON of the manifest's shape.
    #[error("manifest in the component: {0}")]
    Json(#[from] serde_json::Error),
    /// A field that no manifest has: most likely a typing error.
    #[error("manifest: unknown field `{field}`; expected one of {}", FIELDS.join(", "))]
    UnknownField {
        /// Its name.
        field: String,
    },
    /// A field out of its bounds.
    #[error("manifest: `{field}` {expected}, found `{found}`")]
    Field {
        /// Which one.
        field: &'static str,
        /// What it should be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
}

const FIELDS: [&str; 6] = ["name", "version", "description", "routes", "read-only", "config-example"];
const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

impl Manifest {
    /// Reads and checks a `fondaco.toml`.
    pub fn from_toml(text: &str) -> Result<Self, ManifestError> {
        let table: toml::Table = toml::from_str(text)?;
        if let Some(field) = table.keys().find(|key| !FIELDS.contains(&key.as_str())) {
            return Err(ManifestError::UnknownField { field: field.clone() });
        }
        let manifest: Self = toml::from_str(text)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Reads and checks the JSON that stands in a component. Fields of later versions are passed over.
    pub(crate) fn from_json(json: &[u8]) -> Result<Self, ManifestError> {
        let manifest: Self = serde_json::from_slice(json)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// Checks the bounds of all fields.
    pub fn check(&self) -> Result<(), ManifestError> {
        let must = |holds: bool, field, expected, found: &str| {
            if holds {
                return Ok(());
            }
            Err(ManifestError::Field { field, expected, found: found.chars().take(80).collect() })
        };
        must(
            is_name(&self.name),
            "name",
            "must be 1 to 63 lower-case letters, digits and dashes, not a dash first",
            &self.name,
        )?;
        must(self.description.len() <= 1024, "description", "must be at most 1 KiB", &self.description)?;
        for (route, function) in &self.routes {
            must(is_route(route), "routes", "must have keys such as `POST /v1/quotes`", route)?;
            must(is_function(function), "routes", "must have values such as `quotes.quote`", function)?;
        }
        for function in &self.read_only {
            must(is_function(function), "read-only", "must list functions such as `quotes.quote`", function)?;
        }
        if let Some(example) = &self.config_example {
            let json = serde_json::from_str::<serde::de::IgnoredAny>(example).is_ok();
            must(json, "config-example", "must be JSON", example)?;
        }
        Ok(())
    }
}

fn is_name(name: &str) -> bool {
    let word = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.len() <= 63
        && name.as_bytes().first().is_some_and(word)
        && name.bytes().all(|byte| word(&byte) || byte == b'-')
}

fn is_route(route: &str) -> bool {
    route.split_once(' ').is_some_and(|(method, path)| {
        METHODS.contains(&method) && path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic())
    })
}

fn is_function(function: &str) -> bool {
    function.split_once('.').is_some_and(|(interface, name)| is_name(interface) && is_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
        name = "pricing"
        version = "1.2.3-beta.1"
        description = "Quotes carts."
        read-only = ["quotes.quote"]
        config-example = '{"rounding": "line"}'
        [routes]
        "POST /v1/pricing/quotes" = "quotes.quote"
        "GET /v1/products/{sku}" = "products.get"
    "#;

    #[test]
    fn reads_what_it_wrote() {
        let manifest = Manifest::from_toml(WHOLE).unwrap();
        assert_eq!(manifest.routes["POST /v1/pricing/quotes"], "quotes.quote");
        let json = serde_json::to_vec(&manifest).unwrap();
        assert_eq!(Manifest::from_json(&json).unwrap(), manifest);
    }

    #[test]
    fn says_which_field_is_wrong() {
        let line = |line: &str| {
            let toml = format!("name = 'a'\nversion = '1.0.0'\n{line}");
            Manifest::from_toml(&toml).unwrap_err().to_string()
        };
        assert!(line("descripton = 'x'").starts_with("manifest: unknown field `descripton`; expected one of name, "));
        assert!(
            line("routes = {'FETCH /x' = 'a.b'}")
                .contains("must have keys such as `POST /v1/quotes`, found `FETCH /x`")
        );
        assert!(line("routes = {'GET /x' = 'ab'}").contains("must have values such as `quotes.quote`, found `ab`"));
        assert!(line("read-only = ['a.']").contains("must list functions"));
        assert!(line("config-example = '{'").contains("must be JSON"));
        assert!(line(&format!("description = '{}'", "x".repeat(1025))).contains("at most 1 KiB"));
    }

    #[test]
    fn names_are_those_of_the_host() {
        for (name, good) in [("a", true), ("a-1", true), ("-a", false), ("A", false), ("", false), ("a_b", false)] {
            let toml = format!("name = '{name}'\nversion = '1.0.0'");
            assert_eq!(Manifest::from_toml(&toml).is_ok(), good, "{name:?}");
        }
        assert!(Manifest::from_toml("name = 'a'\nversion = '1.0'").is_err());
    }
}
