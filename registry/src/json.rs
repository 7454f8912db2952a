//! JSON texts that are carried, not understood: checked once, kept as they were written.

use std::fmt;
use std::sync::Arc;

use fondaco_engine::{CONFIG_BYTES, Code, Fault};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

const LIMITS_BYTES: usize = 4 << 10;

/// The config of a release: any JSON value of at most 64 KiB.
///
/// The text is kept byte for byte: what a merchant put is what the plugin reads and what a revision
/// is computed over. Parsing it into a tree and back would lose digits of large numbers.
#[derive(Clone, PartialEq, Eq)]
pub struct Config(Arc<str>);

impl Config {
    /// Checks the text. Faults: `CONFIG_TOO_LARGE`, `INVALID_CONFIG`.
    pub fn new(text: &str) -> Result<Self, Fault> {
        check(text, CONFIG_BYTES, "CONFIG_TOO_LARGE", "INVALID_CONFIG", "config")?;
        Ok(Self(text.into()))
    }

    pub(crate) fn stored(text: String) -> Self {
        Self(text.into())
    }

    /// The text, shared.
    pub fn text(&self) -> &Arc<str> {
        &self.0
    }
}

impl Default for Config {
    /// `{}`
    fn default() -> Self {
        Self("{}".into())
    }
}

/// Limits of one release: a JSON object of at most 4 KiB, understood by the host.
#[derive(Clone, PartialEq, Eq)]
pub struct LimitsText(Arc<str>);

impl LimitsText {
    /// Checks the text. Faults: `LIMITS_TOO_LARGE`, `INVALID_LIMITS`.
    pub fn new(text: &str) -> Result<Self, Fault> {
        let value = check(text, LIMITS_BYTES, "LIMITS_TOO_LARGE", "INVALID_LIMITS", "limits")?;
        if !value.is_object() {
            return Err(Fault::new(
                Code::InvalidArgument,
                "INVALID_LIMITS",
                "limits are a JSON object, such as {\"fuel\": 2000000}".to_owned(),
            ));
        }
        Ok(Self(text.into()))
    }

    pub(crate) fn stored(text: String) -> Self {
        Self(text.into())
    }

    /// The text, shared.
    pub fn text(&self) -> &Arc<str> {
        &self.0
    }
}

fn check(
    text: &str,
    most: usize,
    too_large: &'static str,
    invalid: &'static str,
    what: &str,
) -> Result<serde_json::Value, Fault> {
    if text.len() > most {
        return Err(Fault::new(
            Code::InvalidArgument,
            too_large,
            format!("the {what} has {} bytes, at most {most} are allowed", text.len()),
        ));
    }
    // A tree, although only its existence matters: this is what bounds the depth (128), on which
    // readers with a small stack rely.
    serde_json::from_str(text)
        .map_err(|error| Fault::new(Code::InvalidArgument, invalid, format!("the {what} is not JSON: {error}")))
}

/// Written into JSON as the value that it is, not as a string.
fn serialize_raw<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
    let raw: &RawValue = serde_json::from_str(text).map_err(serde::ser::Error::custom)?;
    raw.serialize(serializer)
}

impl Serialize for Config {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_raw(&self.0, serializer)
    }
}

impl Serialize for LimitsText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_raw(&self.0, serializer)
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for LimitsText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("{}", None)]
    #[case(" [1, 2] ", None)]
    #[case("null", None)]
    #[case(r#"{"n": 12345678901234567890123}"#, None)]
    #[case("", Some("INVALID_CONFIG"))]
    #[case("{", Some("INVALID_CONFIG"))]
    #[case("{} {}", Some("INVALID_CONFIG"))]
    #[case(&format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)), Some("INVALID_CONFIG"))]
    #[case(&format!("\"{}\"", "x".repeat(CONFIG_BYTES)), Some("CONFIG_TOO_LARGE"))]
    fn what_a_config_may_be(#[case] text: &str, #[case] reason: Option<&str>) {
        let got = Config::new(text);
        assert_eq!(got.as_ref().err().map(|fault| fault.reason.as_ref()), reason);
        if let Ok(config) = got {
            assert_eq!(config.text().as_ref(), text, "kept byte for byte");
        }
    }

    #[test]
    fn limits_are_an_object() {
        assert!(LimitsText::new(r#"{"fuel": 1}"#).is_ok());
        assert_eq!(LimitsText::new("[1]").expect_err("an array").reason, "INVALID_LIMITS");
    }

    #[test]
    fn a_config_is_written_as_the_value_it_is() {
        let config = Config::new(r#"{"a":1}"#).expect("a config");
        let text = serde_json::to_string(&vec![config]).expect("serializes");
        assert_eq!(text, r#"[{"a":1}]"#);
    }
}
