//! A message that was checked: what is kept in the outbox, and what a carrier is given.

use std::fmt;

use fondaco_engine::{ServiceName, TenantId};
use lettre::Address;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::number::{PhoneNumber, SmsSender};

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The same at each attempt, so that a provider can drop what comes twice.
    pub id: Uuid,
    /// For whom it is sent.
    pub tenant: TenantId,
    /// Which service sends it.
    pub service: ServiceName,
    /// When it was sent, in ms since 1970.
    pub created_ms: i64,
}

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "channel", rename_all = "kebab-case")]
pub enum Message {
    /// A mail.
    Email(Email),
    /// A text message.
    Sms(Sms),
}

impl Message {
    /// `email` or `sms`.
    pub const fn channel(&self) -> Channel {
        match self {
            Self::Email(_) => Channel::Email,
            Self::Sms(_) => Channel::Sms,
        }
    }
}

/// The way that a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Mail.
    Email,
    /// Text messages.
    Sms,
}

impl Channel {
    /// As manifests and metrics spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A name and an address.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// What stands before the address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address.
    pub address: Address,
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailbox(…)")
    }
}

/// A mail.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Email {
    /// Whom it is from.
    pub from: Mailbox,
    /// Where answers go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Mailbox>,
    /// Whom it is to.
    pub to: Vec<Mailbox>,
    /// Who gets it too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<Mailbox>,
    /// Who gets it too, and is shown to nobody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bcc: Vec<Mailbox>,
    /// One line.
    pub subject: String,
    /// As plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// As HTML.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Addresses and words are nobody's business but the reader's.
        let recipients = self.to.len() + self.cc.len() + self.bcc.len();
        f.debug_struct("Email").field("recipients", &recipients).finish_non_exhaustive()
    }
}

/// A text message.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sms {
    /// Whom it is from.
    pub from: SmsSender,
    /// Whom it is to.
    pub to: PhoneNumber,
    /// What it says.
    pub text: String,
}

impl fmt::Debug for Sms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sms(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_message_says_is_not_shown() {
        let mailbox = Mailbox { name: Some("Ada".into()), address: "ada@example.com".parse().unwrap() };
        let email = Email {
            from: mailbox.clone(),
            reply_to: None,
            to: vec![mailbox],
            cc: Vec::new(),
            bcc: Vec::new(),
            subject: "Hello".into(),
            text: Some("Hello Ada".into()),
            html: None,
        };
        let sms = Sms { from: "Acme".parse().unwrap(), to: "+4930123456".parse().unwrap(), text: "Hello".into() };
        for message in [Message::Email(email), Message::Sms(sms)] {
            let shown = format!("{message:?}");
            for private in ["Ada", "ada", "Hello", "4930", "Acme"] {
                assert!(!shown.contains(private), "{shown}");
            }
            let json = serde_json::to_string(&message).unwrap();
            assert_eq!(serde_json::from_str::<Message>(&json).unwrap(), message);
        }
    }
}
