//! Phone numbers, and whom a text message is from.
//!
//! The check is E.164's form alone: a plus and up to 15 digits, no zero first. Whether a number is in use is for the
//! provider to say; the tables of a numbering-plan library would be out of date sooner.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The fewest digits that a number has anywhere, country code included.
const FEWEST_DIGITS: usize = 7;
/// E.164's most.
const MOST_DIGITS: usize = 15;
/// The most characters of a name that networks carry.
const NAME_CHARACTERS: usize = 11;

/// A number of E.164: `+4930123456`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PhoneNumber(Box<str>);

/// Not a number of E.164.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidNumber;

impl fmt::Display for InvalidNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected a number of E.164: `+`, country code and number, {FEWEST_DIGITS} to {MOST_DIGITS} digits")
    }
}

impl std::error::Error for InvalidNumber {}

impl PhoneNumber {
    /// As text, with its plus.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PhoneNumber {
    type Err = InvalidNumber;

    fn from_str(text: &str) -> Result<Self, InvalidNumber> {
        let digits = text.strip_prefix('+').ok_or(InvalidNumber)?;
        let is_number = (FEWEST_DIGITS..=MOST_DIGITS).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { Ok(Self(text.into())) } else { Err(InvalidNumber) }
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = InvalidNumber;

    fn try_from(text: String) -> Result<Self, InvalidNumber> {
        text.parse()
    }
}

impl From<PhoneNumber> for String {
    fn from(number: PhoneNumber) -> Self {
        number.0.into()
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber(…)")
    }
}

/// Whom a text message is from: a number, or a name of 1 to 11 letters and digits, one letter at least.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SmsSender(Box<str>);

/// Neither a number nor a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidSender;

impl fmt::Display for InvalidSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected a number of E.164, or a name of 1 to {NAME_CHARACTERS} letters and digits")
    }
}

impl std::error::Error for InvalidSender {}

impl SmsSender {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SmsSender {
    type Err = InvalidSender;

    fn from_str(text: &str) -> Result<Self, InvalidSender> {
        let is_name = (1..=NAME_CHARACTERS).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && text.bytes().any(|byte| byte.is_ascii_alphabetic());
        let is_sender = is_name || text.parse::<PhoneNumber>().is_ok();
        if is_sender { Ok(Self(text.into())) } else { Err(InvalidSender) }
    }
}

impl TryFrom<String> for SmsSender {
    type Error = InvalidSender;

    fn try_from(text: String) -> Result<Self, InvalidSender> {
        text.parse()
    }
}

impl From<SmsSender> for String {
    fn from(sender: SmsSender) -> Self {
        sender.0.into()
    }
}

impl fmt::Debug for SmsSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmsSender(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_of_e164() {
        for good in ["+4930123456", "+12025550123", "+6831234", "+123456789012345"] {
            assert_eq!(good.parse::<PhoneNumber>().unwrap().as_str(), good);
        }
        let bad = [
            "",
            "+",
            "4930123456",
            "004930123456",
            "+0123456789",
            "+49 30 123456",
            "+49-30-123456",
            "+49(30)1234",
            "+1234567890123456",
            "+123456",
            "+49301234５6",
            "++4930123456",
            "+4930123456\r\n",
            "+49301234a6",
        ];
        for bad in bad {
            assert!(bad.parse::<PhoneNumber>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn senders_are_numbers_or_names() {
        for good in ["+4930123456", "Acme", "4U", "ACMEPRINTS1"] {
            assert_eq!(good.parse::<SmsSender>().unwrap().as_str(), good);
        }
        for bad in ["", "Acme Prints", "ACMEPRINTS12", "12345", "Ac-me", "Äcme", "Acme\n"] {
            assert!(bad.parse::<SmsSender>().is_err(), "{bad:?}");
        }
    }
}
