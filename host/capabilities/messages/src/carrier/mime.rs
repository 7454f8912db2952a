//! A mail as it goes over the wire.

use std::time::{Duration, UNIX_EPOCH};

use lettre::message::{MultiPart, SinglePart};

use super::Trouble;
use crate::message::{Email, Envelope, Mailbox};

/// The mail with its headers. `Message-ID` and `Date` are the same at each attempt; `Bcc` is in the envelope alone.
pub(super) fn message(envelope: &Envelope, email: &Email) -> Result<lettre::Message, Trouble> {
    let domain = email.from.address.domain();
    let created_ms = u64::try_from(envelope.created_ms).unwrap_or(0);
    let mut builder = lettre::Message::builder()
        .message_id(Some(format!("<{}@{domain}>", envelope.id)))
        .date(UNIX_EPOCH + Duration::from_millis(created_ms))
        .from(mailbox(&email.from))
        .subject(email.subject.as_str());
    if let Some(reply_to) = &email.reply_to {
        builder = builder.reply_to(mailbox(reply_to));
    }
    for one in &email.to {
        builder = builder.to(mailbox(one));
    }
    for one in &email.cc {
        builder = builder.cc(mailbox(one));
    }
    for one in &email.bcc {
        builder = builder.bcc(mailbox(one));
    }
    let built = match (&email.text, &email.html) {
        (Some(text), Some(html)) => builder.multipart(MultiPart::alternative_plain_html(text.clone(), html.clone())),
        (_, Some(html)) => builder.singlepart(SinglePart::html(html.clone())),
        (text, None) => builder.singlepart(SinglePart::plain(text.clone().unwrap_or_default())),
    };
    // It was checked before; should something have been overlooked, no further attempt mends it.
    built.map_err(|_| Trouble::lasting("it is no mail"))
}

fn mailbox(mailbox: &Mailbox) -> lettre::message::Mailbox {
    lettre::message::Mailbox::new(mailbox.name.clone(), mailbox.address.clone())
}
