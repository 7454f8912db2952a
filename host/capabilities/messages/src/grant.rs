//! `[grants.messages]` of a manifest: the channels, and whom a service may write as.

use fondaco_engine::{Code, Fault};
use lettre::Address;
use serde::Deserialize;

use crate::message::Channel;
use crate::number::SmsSender;

/// Entries of a `from` at most.
const SENDERS: usize = 64;

/// What a manifest grants, checked. No channel is granted by default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Grant {
    email: Option<Vec<Allowed>>,
    sms: Option<Vec<SmsSender>>,
}

/// Whom mail may be from.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Allowed {
    /// `orders@shop.example`
    One(Address),
    /// `*@shop.example`: everybody of a domain. The domain is in small letters.
    Domain(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Given {
    email: Option<Senders>,
    sms: Option<Senders>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Senders {
    from: Vec<String>,
}

impl Grant {
    /// Reads the grant of a service. What is wrong with it is `INVALID_GRANT`, with its path.
    pub(crate) fn parse(grant: &serde_json::Value) -> Result<Self, Fault> {
        let given: Given = serde_path_to_error::deserialize(grant)
            .map_err(|error| invalid(&error.path().to_string(), error.inner()))?;
        if given.email.is_none() && given.sms.is_none() {
            let message = "grants no channel; expected [grants.messages.email] or [grants.messages.sms]";
            return Err(invalid(".", &message));
        }
        let email = given.email.map(|senders| senders.parse("email", Allowed::parse)).transpose()?;
        let sms =
            given.sms.map(|senders| senders.parse("sms", |text| text.parse().map_err(|_| "sender"))).transpose()?;
        Ok(Self { email, sms })
    }

    /// Refuses a mail from an address that is not granted.
    pub(crate) fn check_email(&self, from: &Address) -> Result<(), Fault> {
        let granted = self.email.as_ref().ok_or_else(|| no_channel(Channel::Email))?;
        granted.iter().any(|one| one.matches(from)).then_some(()).ok_or_else(|| not_granted(Channel::Email))
    }

    /// Refuses a text message from a sender that is not granted.
    pub(crate) fn check_sms(&self, from: &SmsSender) -> Result<(), Fault> {
        let granted = self.sms.as_ref().ok_or_else(|| no_channel(Channel::Sms))?;
        granted.contains(from).then_some(()).ok_or_else(|| not_granted(Channel::Sms))
    }
}

impl Senders {
    fn parse<T>(self, channel: &str, parse: impl Fn(&str) -> Result<T, &'static str>) -> Result<Vec<T>, Fault> {
        if self.from.len() > SENDERS {
            let many = format!("{} entries; at most {SENDERS}", self.from.len());
            return Err(invalid(&format!("{channel}.from"), &many));
        }
        let one = |(at, text): (usize, &String)| {
            parse(text).map_err(|_| {
                let shown: String = text.chars().take(80).collect();
                let expected = match channel {
                    "email" => "an address, or `*@` and a domain",
                    _ => "a number of E.164, or a name of 1 to 11 letters and digits",
                };
                invalid(&format!("{channel}.from[{at}]"), &format_args!("expected {expected}, found {shown:?}"))
            })
        };
        self.from.iter().enumerate().map(one).collect()
    }
}

impl Allowed {
    fn parse(text: &str) -> Result<Self, &'static str> {
        if let Some(domain) = text.strip_prefix("*@") {
            // A domain is one where an address with it is one.
            let probe: Address = format!("x@{domain}").parse().map_err(|_| "domain")?;
            return Ok(Self::Domain(probe.domain().to_ascii_lowercase()));
        }
        text.parse().map(Self::One).map_err(|_| "address")
    }

    fn matches(&self, address: &Address) -> bool {
        match self {
            // Who reads the part before the `@` decides whether letters' size matters there.
            Self::One(granted) => {
                granted.user() == address.user() && granted.domain().eq_ignore_ascii_case(address.domain())
            }
            Self::Domain(domain) => address.domain().eq_ignore_ascii_case(domain),
        }
    }
}

fn no_channel(channel: Channel) -> Fault {
    let message = format!("the channel `{channel}` is not granted; add [grants.messages.{channel}] to fondaco.toml");
    Fault::new(Code::PermissionDenied, "MESSAGE_NOT_GRANTED", message).with("channel", channel.as_str())
}

fn not_granted(channel: Channel) -> Fault {
    let message =
        format!("this sender is not granted; add it to `from` of [grants.messages.{channel}] in fondaco.toml");
    Fault::new(Code::PermissionDenied, "MESSAGE_NOT_GRANTED", message)
        .with("channel", channel.as_str())
        .with("path", "from")
}

fn invalid(path: &str, what: &dyn std::fmt::Display) -> Fault {
    let path = if path == "." { "grants.messages".to_owned() } else { format!("grants.messages.{path}") };
    Fault::new(Code::InvalidArgument, "INVALID_GRANT", format!("{path}: {what}")).with("path", path)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sender_is_granted_by_name_or_by_domain() {
        let grant = Grant::parse(&json!({
            "email": {"from": ["orders@shop.example", "*@Mail.example"]}, "sms": {"from": ["Acme", "+4930123456"]},
        }));
        let grant = grant.unwrap();
        for (from, granted) in [
            ("orders@shop.example", true),
            ("orders@SHOP.example", true),
            ("Orders@shop.example", false),
            ("sales@shop.example", false),
            ("anyone@mail.example", true),
            ("anyone@other.mail.example", false),
            ("mail.example@evil.example", false),
        ] {
            assert_eq!(grant.check_email(&from.parse().unwrap()).is_ok(), granted, "{from}");
        }
        assert!(grant.check_sms(&"Acme".parse().unwrap()).is_ok());
        assert_eq!(grant.check_sms(&"ACME".parse().unwrap()).unwrap_err().reason, "MESSAGE_NOT_GRANTED");
        let mail_only = Grant::parse(&json!({"email": {"from": []}})).unwrap();
        let fault = mail_only.check_sms(&"Acme".parse().unwrap()).unwrap_err();
        assert!(fault.message.contains("[grants.messages.sms]"), "{}", fault.message);
    }

    #[test]
    fn what_is_wrong_is_named_by_its_path() {
        for (grant, path) in [
            (json!({}), "grants.messages"),
            (json!(null), "grants.messages"),
            (json!({"mail": {"from": []}}), "grants.messages.mail"),
            (json!({"email": {}}), "grants.messages.email"),
            (json!({"email": {"from": ["a@b.example", "nobody"]}}), "grants.messages.email.from[1]"),
            (json!({"email": {"from": ["*@"]}}), "grants.messages.email.from[0]"),
            (json!({"email": {"from": ["*"]}}), "grants.messages.email.from[0]"),
            (json!({"sms": {"from": ["Acme Prints"]}}), "grants.messages.sms.from[0]"),
            (json!({"sms": {"from": vec!["Acme"; 65]}}), "grants.messages.sms.from"),
        ] {
            let fault = Grant::parse(&grant).unwrap_err();
            assert_eq!((fault.reason.as_ref(), fault.detail("path")), ("INVALID_GRANT", Some(path)), "{grant}");
        }
    }
}
