//! The messages capability: mail and text messages that leave if, and only if, the writes beside them are committed.
//!
//! A service sends through `fondaco:host/messages`. What it sends is [checked](Limits), and lies in an outbox beside the
//! service's own tables, written with its unit of work; an event without content beside it lets the events capability
//! bring it out, with its relay, waits, dead letters and all that makes them hold on one host or on many. A [`Carrier`]
//! hands it over: a mail server ([`Smtp`]), a provider ([`Http`]), or a [`Folder`] on a laptop.
//!
//! A message is handed over at least once, each time under the same id (`Message-ID`, `Idempotency-Key`): where a host
//! is lost between the provider's answer and the row that notes it, it is handed over again, and a provider that knows
//! the id drops it. After an answer that was noted, never.
//!
//! It must not know what messages are about; and nobody who reads logs or listens to a bus learns to whom they are.
//!
//! ```
//! use fondaco_messages::{Carrier, Envelope, Folder, Sms};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let id = uuid::Uuid::now_v7();
//! let envelope = Envelope { id, tenant: "acme".parse()?, service: "orders".parse()?, created_ms: 1_780_315_200_000 };
//! let sms = Sms { from: "Acme".parse()?, to: "+4930123456".parse()?, text: "Your parcel is here.".into() };
//! let carrier = Folder::new(folder.path());
//! carrier.carry(&envelope, &sms).await.map_err(|trouble| format!("{trouble:?}"))?;
//! let file = std::fs::read_to_string(folder.path().join(format!("acme/{id}.json")))?;
//! assert!(file.contains("Your parcel is here."));
//! # Ok(())
//! # }
//! ```
//!
//! Where to look: `glue` is what components see, `check` and `grant` what they may; `outbox` has the rows; `sender` goes
//! from there to `carrier`; [`Messages`] holds all of it together.

mod carrier;
mod check;
mod clock;
mod config;
mod glue;
mod grant;
mod message;
mod messages;
mod meters;
mod number;
mod outbox;
mod rates;
mod secret;
mod sender;

pub use carrier::{Carrier, Folder, Http, Smtp, Trouble};
pub use config::{EmailConfig, EmailKind, HttpConfig, Limits, MessagesConfig, SmsConfig, SmsKind, SmtpConfig, SmtpTls};
/// The address of a mailbox: lettre's.
pub use lettre::Address;
pub use message::{Channel, Email, Envelope, Mailbox, Message, Sms};
pub use messages::{Carriers, DeadMessage, Messages};
pub use number::{InvalidNumber, InvalidSender, PhoneNumber, SmsSender};
