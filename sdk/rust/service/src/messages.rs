//! Mail and text messages. Granted by `[grants.messages]`.
//!
//! What is sent belongs to the unit of work: it leaves when the work is committed, and never otherwise. So a function
//! sends at the place where it decides to, and need not think of what may still go wrong:
//!
//! ```
//! use fondaco_service::messages::{self, Email, Mailbox};
//! use fondaco_service::{prelude::*, testing::{House, Sent}};
//!
//! fn confirm(order: i64, buyer: &str) -> Result<(), Fault> {
//!     sql::execute("INSERT INTO confirmations VALUES ($1)", params![order])?;
//!     let from = Mailbox::named("The shop", "orders@shop.example");
//!     let mail = Email::new(from, Mailbox::new(buyer), format!("Your order {order}")).text("Thank you.");
//!     messages::send_email(&mail)?;
//!     Ok(())
//! }
//!
//! let house = House::with_schema("CREATE TABLE confirmations (order_id BIGINT PRIMARY KEY)");
//! house.call(|| confirm(7, "ada@example.com")).unwrap();
//! // Confirmed before: the row is refused, and no second mail leaves.
//! assert!(house.call(|| confirm(7, "ada@example.com")).is_err());
//! let [Sent::Email(mail)] = &house.sent()[..] else { panic!("one mail") };
//! assert_eq!(mail.subject, "Your order 7");
//! ```

pub use crate::bindings::fondaco::host::messages::{Email, Mailbox, Sms};
use crate::{Fault, host};

/// Sends a mail with the unit of work; the message's id.
pub fn send_email(message: &Email) -> Result<String, Fault> {
    host::current(|host| host.send_email(message))
}

/// Sends a text message with the unit of work; the message's id.
pub fn send_sms(message: &Sms) -> Result<String, Fault> {
    host::current(|host| host.send_sms(message))
}

impl Mailbox {
    /// An address alone.
    pub fn new(address: impl Into<String>) -> Self {
        Self { name: None, address: address.into() }
    }

    /// An address with a name before it.
    pub fn named(name: impl Into<String>, address: impl Into<String>) -> Self {
        Self { name: Some(name.into()), address: address.into() }
    }
}

impl Email {
    /// A mail to one, without words yet.
    pub fn new(from: Mailbox, to: Mailbox, subject: impl Into<String>) -> Self {
        Self {
            from,
            reply_to: None,
            to: vec![to],
            cc: Vec::new(),
            bcc: Vec::new(),
            subject: subject.into(),
            text: None,
            html: None,
        }
    }

    /// With its words as plain text.
    #[must_use]
    pub fn text(self, text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..self }
    }

    /// With its words as HTML.
    #[must_use]
    pub fn html(self, html: impl Into<String>) -> Self {
        Self { html: Some(html.into()), ..self }
    }
}
