//! Names, parsed once at the edge.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use fondaco_engine::{Code, Fault};
use serde::{Deserialize, Serialize};

/// `^[a-z][a-z0-9-]{0,62}$`: fits a DNS label, a URL path and a file name without escaping.
fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_lowercase())
        && text.len() <= 63
        && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// A short quotation of what came in, for messages: never long, never with control characters.
pub(crate) fn quoted(text: &str) -> String {
    let shown = clean(text, 80);
    let more = if shown.chars().count() < text.chars().count() { "…" } else { "" };
    format!("'{shown}{more}'")
}

/// At most that many characters, control characters replaced, so that a text cannot disturb a log.
pub(crate) fn clean(text: &str, most: usize) -> String {
    text.chars().take(most).map(|found| if found.is_control() { char::REPLACEMENT_CHARACTER } else { found }).collect()
}

macro_rules! name_type {
    ($(#[$doc:meta])* $type:ident, $what:literal, $reason:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(Arc<str>);

        impl $type {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = Fault;

            fn from_str(text: &str) -> Result<Self, Fault> {
                if is_name(text) {
                    return Ok(Self(text.into()));
                }
                Err(Fault::new(
                    Code::InvalidArgument,
                    $reason,
                    format!(
                        "{} is not a {}: it starts with a letter a-z and has at most 63 of a-z, 0-9 and '-'",
                        quoted(text),
                        $what
                    ),
                ))
            }
        }

        impl TryFrom<String> for $type {
            type Error = Fault;

            fn try_from(text: String) -> Result<Self, Fault> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.0.as_ref().to_owned()
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "{:?}", &*self.0)
            }
        }
    };
}

name_type!(
    /// The name of a plugin, for example `volume-tiers`.
    PluginName,
    "plugin name",
    "INVALID_PLUGIN_NAME"
);
name_type!(
    /// The name of an extension point, for example `price-rule`. What a point means is not the
    /// registry's business.
    PointName,
    "name of an extension point",
    "INVALID_POINT_NAME"
);

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("volume-tiers", true)]
    #[case("a", true)]
    #[case("a-", true)]
    #[case("a9", true)]
    #[case("", false)]
    #[case("9a", false)]
    #[case("-a", false)]
    #[case("Volume", false)]
    #[case("a_b", false)]
    #[case("a/b", false)]
    #[case("a b", false)]
    #[case("é", false)]
    #[case("a\n", false)]
    #[case(&"a".repeat(63), true)]
    #[case(&"a".repeat(64), false)]
    fn the_grammar_of_names(#[case] text: &str, #[case] good: bool) {
        assert_eq!(text.parse::<PluginName>().is_ok(), good, "{text:?}");
        assert_eq!(text.parse::<PointName>().is_ok(), good, "{text:?}");
    }

    #[test]
    fn a_refused_name_is_quoted_short_and_clean() {
        let fault = format!("x\u{7}{}", "y".repeat(500)).parse::<PluginName>().expect_err("not a name");
        assert_eq!(fault.reason, "INVALID_PLUGIN_NAME");
        assert!(fault.message.len() < 300, "{}", fault.message);
        assert!(!fault.message.contains('\u{7}'));
    }
}
