//! Names of secrets, parsed once.

use std::fmt;
use std::str::FromStr;

/// A name of 1 to 63 lower-case letters, digits, dashes, dots and underscores, a letter or digit first: what both a
/// file and, spelt in capitals, a variable can be called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretName(Box<str>);

/// Not a name of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidName(String);

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not a secret's name: 1 to 63 lower-case letters, digits, `-`, `_` and `.`, a letter or digit first",
            self.0
        )
    }
}

impl std::error::Error for InvalidName {}

impl SecretName {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SecretName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let word = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let valid = text.len() <= 63
            && text.as_bytes().first().is_some_and(word)
            && text.bytes().all(|byte| word(&byte) || b"-_.".contains(&byte));
        if valid { Ok(Self(text.into())) } else { Err(InvalidName(text.chars().take(80).collect())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_to_no_other_place() {
        for good in ["a", "smtp-password", "tls.key", "0_x"] {
            assert_eq!(good.parse::<SecretName>().unwrap().as_str(), good);
        }
        let long = "a".repeat(64);
        for bad in ["", ".", "..", "../x", "a/b", "-a", "_a", ".data", "A", "ä", "a b", "a\0", long.as_str()] {
            assert!(bad.parse::<SecretName>().is_err(), "{bad:?}");
        }
    }
}
