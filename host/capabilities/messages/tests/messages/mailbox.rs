//! What tests send, and what arrived of it, whichever way it came.

use std::path::Path;

use fondaco_messages::{Email, Envelope, Mailbox, Sms};
use mail_parser::{Address, MessageParser};
use uuid::Uuid;

/// A mail that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Received {
    /// The id that it came under.
    pub(crate) id: String,
    pub(crate) from: (Option<String>, String),
    pub(crate) reply_to: Option<String>,
    pub(crate) to: Vec<(Option<String>, String)>,
    pub(crate) cc: Vec<String>,
    pub(crate) subject: String,
    pub(crate) text: Option<String>,
    pub(crate) html: Option<String>,
    /// As it came.
    pub(crate) raw: String,
}

impl Received {
    /// From a mail in its own format.
    pub(crate) fn parse(raw: &str) -> Self {
        let mail = MessageParser::default().parse(raw).expect("a mail");
        let message_id = mail.message_id().expect("a message id");
        let (id, domain) = message_id.split_once('@').expect("an id at a domain");
        assert_eq!(domain, "shop.example");
        let all = |address: Option<&Address<'_>>| -> Vec<(Option<String>, String)> {
            let one = |one: &mail_parser::Addr<'_>| {
                (one.name().map(str::to_owned), one.address().expect("an address").to_owned())
            };
            address.map(|address| address.iter().map(one).collect()).unwrap_or_default()
        };
        // Of a mail that has one of the two, the parser makes the other.
        let has = |kind: &str| raw.to_ascii_lowercase().contains(&format!("text/{kind}"));
        let words = |text: std::borrow::Cow<'_, str>| text.replace("\r\n", "\n").trim_end().to_owned();
        Self {
            id: id.to_owned(),
            from: all(mail.from()).remove(0),
            reply_to: all(mail.reply_to()).pop().map(|(_, address)| address),
            to: all(mail.to()),
            cc: all(mail.cc()).into_iter().map(|(_, address)| address).collect(),
            subject: mail.subject().expect("a subject").to_owned(),
            text: mail.body_text(0).filter(|_| has("plain")).map(words),
            html: mail.body_html(0).filter(|_| has("html")).map(words),
            raw: raw.to_owned(),
        }
    }
}

pub(crate) fn envelope() -> Envelope {
    Envelope {
        id: Uuid::now_v7(),
        tenant: "acme".parse().unwrap(),
        service: "orders".parse().unwrap(),
        created_ms: 1_780_315_200_000,
    }
}

pub(crate) fn mailbox(name: Option<&str>, address: &str) -> Mailbox {
    Mailbox { name: name.map(str::to_owned), address: address.parse().unwrap() }
}

/// A mail with everything that a mail can have.
pub(crate) fn email() -> Email {
    Email {
        from: mailbox(Some("Der Laden, Köln"), "orders@shop.example"),
        reply_to: Some(mailbox(None, "help@shop.example")),
        to: vec![mailbox(Some("Ada \"Countess\" Lovelace"), "ada@example.com"), mailbox(None, "bob@example.com")],
        cc: vec![mailbox(None, "carol@example.com")],
        bcc: vec![mailbox(None, "dave@example.com")],
        subject: "Ihre Bestellung Nr. 1 – vielen Dank für Ihr Vertrauen in unseren Laden, wir freuen uns 🎉".to_owned(),
        text: Some("Guten Tag,\n.\nein Punkt allein beendet nichts.\nGrüße".to_owned()),
        html: Some("<p>Guten Tag,</p>\n<p>Grüße</p>".to_owned()),
    }
}

pub(crate) fn sms() -> Sms {
    Sms {
        from: "Acme".parse().unwrap(),
        to: "+4930123456".parse().unwrap(),
        text: "Ihr \"Paket\" ist da.\nGrüße".to_owned(),
    }
}

/// The files below a folder of messages, with their contents.
pub(crate) fn files(folder: &Path) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let Ok(tenants) = std::fs::read_dir(folder) else { return files };
    for tenant in tenants {
        for file in std::fs::read_dir(tenant.unwrap().path()).unwrap() {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            files.push((name, std::fs::read_to_string(file.path()).unwrap()));
        }
    }
    files.sort();
    files
}
