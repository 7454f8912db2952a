//! What a service wants to send, checked before it is kept: addresses, sizes, and nothing in a header that would end it.

use fondaco_engine::{Code, Fault};
use lettre::Address;

use crate::config::Limits;
use crate::message::{Email, Mailbox, Sms};

/// Bytes of an address at most; SMTP's own bound of a path is 256 with its brackets.
const ADDRESS_BYTES: usize = 254;
/// Bytes of a name at most.
const NAME_BYTES: usize = 128;

/// A mail as a service gave it.
#[derive(Debug, Clone, Default)]
pub(crate) struct EmailDraft {
    pub(crate) from: MailboxDraft,
    pub(crate) reply_to: Option<MailboxDraft>,
    pub(crate) to: Vec<MailboxDraft>,
    pub(crate) cc: Vec<MailboxDraft>,
    pub(crate) bcc: Vec<MailboxDraft>,
    pub(crate) subject: String,
    pub(crate) text: Option<String>,
    pub(crate) html: Option<String>,
}

/// An address as a service gave it.
#[derive(Debug, Clone, Default)]
pub(crate) struct MailboxDraft {
    pub(crate) name: Option<String>,
    pub(crate) address: String,
}

/// A text message as a service gave it.
#[derive(Debug, Clone, Default)]
pub(crate) struct SmsDraft {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) text: String,
}

/// A mail that can be sent.
pub(crate) fn email(draft: EmailDraft, limits: &Limits) -> Result<Email, Fault> {
    let recipients = draft.to.len() + draft.cc.len() + draft.bcc.len();
    if draft.to.is_empty() {
        return Err(invalid("to", "expected one address at least"));
    }
    if recipients > limits.recipients {
        let message = format!("{recipients} recipients; a mail has at most {}", limits.recipients);
        return Err(Fault::new(Code::InvalidArgument, "TOO_MANY_RECIPIENTS", message));
    }
    let subject = draft.subject;
    if subject.trim().is_empty() || subject.len() > limits.subject_bytes {
        return Err(invalid("subject", &format!("expected 1 to {} bytes", limits.subject_bytes)));
    }
    one_line("subject", &subject)?;
    let bodies: Vec<_> = [("text", &draft.text), ("html", &draft.html)]
        .into_iter()
        .filter_map(|(path, body)| Some((path, body.as_ref()?)))
        .collect();
    if bodies.is_empty() {
        return Err(invalid("text", "expected `text`, `html`, or both"));
    }
    for (path, body) in &bodies {
        many_lines(path, body)?;
    }
    let bytes: usize = bodies.iter().map(|(_, body)| body.len()).sum();
    if bytes > limits.body_bytes {
        return Err(too_large(&format!("{bytes} bytes of text and HTML; a mail has at most {}", limits.body_bytes)));
    }
    Ok(Email {
        from: mailbox("from", draft.from)?,
        reply_to: draft.reply_to.map(|one| mailbox("reply-to", one)).transpose()?,
        to: mailboxes("to", draft.to)?,
        cc: mailboxes("cc", draft.cc)?,
        bcc: mailboxes("bcc", draft.bcc)?,
        subject,
        text: draft.text,
        html: draft.html,
    })
}

/// A text message that can be sent.
pub(crate) fn sms(draft: SmsDraft, limits: &Limits) -> Result<Sms, Fault> {
    let from = draft.from.parse().map_err(|error: crate::number::InvalidSender| invalid("from", &error.to_string()))?;
    let to = draft.to.parse().map_err(|error: crate::number::InvalidNumber| invalid("to", &error.to_string()))?;
    let characters = draft.text.chars().count();
    if draft.text.trim().is_empty() {
        return Err(invalid("text", "is empty"));
    }
    if characters > limits.sms_characters {
        let most = limits.sms_characters;
        return Err(too_large(&format!("{characters} characters; a text message has at most {most}")));
    }
    many_lines("text", &draft.text)?;
    Ok(Sms { from, to, text: draft.text })
}

fn mailboxes(path: &str, drafts: Vec<MailboxDraft>) -> Result<Vec<Mailbox>, Fault> {
    drafts.into_iter().enumerate().map(|(at, draft)| mailbox(&format!("{path}[{at}]"), draft)).collect()
}

fn mailbox(path: &str, draft: MailboxDraft) -> Result<Mailbox, Fault> {
    let wrong = || invalid(&format!("{path}.address"), "expected an address such as `ada@example.com`, in ASCII");
    if draft.address.len() > ADDRESS_BYTES || !draft.address.is_ascii() {
        return Err(wrong());
    }
    let address: Address = draft.address.parse().map_err(|_| wrong())?;
    // An empty one is none.
    let name = draft.name.filter(|name| !name.trim().is_empty());
    if let Some(name) = &name {
        let path = format!("{path}.name");
        if name.len() > NAME_BYTES {
            return Err(invalid(&path, &format!("expected at most {NAME_BYTES} bytes")));
        }
        one_line(&path, name)?;
    }
    Ok(Mailbox { name, address })
}

/// A header ends at a line's end: what follows would be another header, or the body.
fn one_line(path: &str, text: &str) -> Result<(), Fault> {
    let control = |c: char| c.is_control() || c == '\u{2028}' || c == '\u{2029}';
    if text.contains(control) { Err(invalid(path, "has a line's end or a control character in it")) } else { Ok(()) }
}

fn many_lines(path: &str, text: &str) -> Result<(), Fault> {
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.contains(control) { Err(invalid(path, "has a control character in it")) } else { Ok(()) }
}

/// The message says where and what was expected, never what stands there.
fn invalid(path: &str, what: &str) -> Fault {
    Fault::new(Code::InvalidArgument, "INVALID_MESSAGE", format!("{path}: {what}")).with("path", path)
}

fn too_large(message: &str) -> Fault {
    Fault::new(Code::InvalidArgument, "MESSAGE_TOO_LARGE", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(address: &str) -> MailboxDraft {
        MailboxDraft { name: None, address: address.to_owned() }
    }

    fn named(name: &str) -> MailboxDraft {
        MailboxDraft { name: Some(name.to_owned()), address: "ada@example.com".to_owned() }
    }

    fn draft() -> EmailDraft {
        EmailDraft {
            from: to("orders@shop.example"),
            to: vec![to("ada@example.com")],
            subject: "Your order".to_owned(),
            text: Some("Thank you.\r\n\tYours".to_owned()),
            ..EmailDraft::default()
        }
    }

    fn path(draft: EmailDraft) -> (String, String) {
        let fault = email(draft, &Limits::default()).unwrap_err();
        (fault.reason.to_string(), fault.detail("path").unwrap_or_default().to_owned())
    }

    #[test]
    fn a_mail_is_checked_in_every_field() {
        assert!(email(draft(), &Limits::default()).is_ok());
        let d = draft;
        let cases: Vec<(EmailDraft, &str)> = vec![
            (EmailDraft { to: Vec::new(), ..d() }, "to"),
            (EmailDraft { to: vec![to("ada@example.com"), to("nobody")], ..d() }, "to[1].address"),
            (EmailDraft { from: to(""), ..d() }, "from.address"),
            (EmailDraft { reply_to: Some(to("a@b@c")), ..d() }, "reply-to.address"),
            (EmailDraft { cc: vec![to("ädä@example.com")], ..d() }, "cc[0].address"),
            (EmailDraft { bcc: vec![to(&format!("{}@example.com", "a".repeat(250)))], ..d() }, "bcc[0].address"),
            (EmailDraft { subject: String::new(), ..d() }, "subject"),
            (EmailDraft { subject: "s".repeat(501), ..d() }, "subject"),
            (EmailDraft { text: None, ..d() }, "text"),
            (EmailDraft { text: Some("a\0b".to_owned()), ..d() }, "text"),
            (EmailDraft { html: Some("<p>\u{7}</p>".to_owned()), ..d() }, "html"),
            (EmailDraft { to: vec![named(&"n".repeat(129))], ..d() }, "to[0].name"),
        ];
        for (draft, expected) in cases {
            assert_eq!(path(draft.clone()), ("INVALID_MESSAGE".to_owned(), expected.to_owned()), "{draft:?}");
        }
    }

    #[test]
    fn nothing_ends_a_header() {
        for end in ["\r\n", "\n", "\r", "\u{85}", "\u{2028}", "\0", "\r\n "] {
            let evil = format!("Hello{end}Bcc: victim@example.com");
            assert_eq!(path(EmailDraft { subject: evil.clone(), ..draft() }).1, "subject", "{end:?}");
            assert_eq!(path(EmailDraft { to: vec![named(&evil)], ..draft() }).1, "to[0].name", "{end:?}");
            assert_eq!(path(EmailDraft { from: named(&evil), ..draft() }).1, "from.name", "{end:?}");
            for address in
                [format!("ada@example.com{end}"), format!("ada{end}@example.com"), format!("{end}a@b.example")]
            {
                assert_eq!(path(EmailDraft { to: vec![to(&address)], ..draft() }).1, "to[0].address", "{address:?}");
            }
        }
    }

    #[test]
    fn sizes_are_bounded_and_faults_say_nothing_of_what_stands_there() {
        let limits = Limits { recipients: 2, body_bytes: 10, ..Limits::default() };
        let many = EmailDraft { cc: vec![to("a@b.example"), to("c@d.example")], ..draft() };
        assert_eq!(email(many, &limits).unwrap_err().reason, "TOO_MANY_RECIPIENTS");
        let large = EmailDraft { text: Some("123456".into()), html: Some("12345".into()), ..draft() };
        assert_eq!(email(large, &limits).unwrap_err().reason, "MESSAGE_TOO_LARGE");
        let fault = email(EmailDraft { to: vec![to("secret-person")], ..draft() }, &limits).unwrap_err();
        assert!(!format!("{fault:?}").contains("secret-person"));
        assert_eq!(
            email(EmailDraft { text: None, html: Some("12345".into()), ..draft() }, &limits).unwrap().text,
            None
        );
    }

    #[test]
    fn a_text_message_is_checked_in_every_field() {
        let good = SmsDraft { from: "Acme".into(), to: "+4930123456".into(), text: "Your parcel\nis here".into() };
        let limits = Limits { sms_characters: 20, ..Limits::default() };
        assert!(sms(good.clone(), &limits).is_ok());
        for (draft, reason, path) in [
            (SmsDraft { from: "Acme Prints".into(), ..good.clone() }, "INVALID_MESSAGE", Some("from")),
            (SmsDraft { to: "030 123456".into(), ..good.clone() }, "INVALID_MESSAGE", Some("to")),
            (SmsDraft { text: " ".into(), ..good.clone() }, "INVALID_MESSAGE", Some("text")),
            (SmsDraft { text: "a\u{1b}b".into(), ..good.clone() }, "INVALID_MESSAGE", Some("text")),
            (SmsDraft { text: "ä".repeat(21), ..good.clone() }, "MESSAGE_TOO_LARGE", None),
        ] {
            let fault = sms(draft, &limits).unwrap_err();
            assert_eq!((fault.reason.as_ref(), fault.detail("path")), (reason, path));
        }
        assert!(sms(SmsDraft { text: "ä".repeat(20), ..good }, &limits).is_ok());
    }
}
