//! Who brings messages to people: a mail server, a provider's HTTP interface, or a folder that nobody reads.

mod folder;
mod http;
mod mime;
mod smtp;

use async_trait::async_trait;
use fondaco_engine::{Code, Fault};

use crate::message::Envelope;

pub use folder::Folder;
pub use http::Http;
pub use smtp::Smtp;

/// Brings messages of one kind out.
///
/// It is asked again with the same id where an attempt failed, or where nobody knows how it ended: it passes the id on,
/// so that whoever is behind it can drop what comes twice.
#[async_trait]
pub trait Carrier<M>: Send + Sync {
    /// Hands a message over. `Ok` says that the other side has answered for it.
    async fn carry(&self, envelope: &Envelope, message: &M) -> Result<(), Trouble>;
}

/// Why a message was not taken. What it says goes into logs: no address, and nothing that the other side wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// It may be better later.
    Passing(Fault),
    /// It never will.
    Lasting(Fault),
}

impl Trouble {
    pub(crate) fn passing(what: impl std::fmt::Display) -> Self {
        Self::Passing(Fault::new(
            Code::Unavailable,
            "PROVIDER_UNAVAILABLE",
            format!("the message was not taken: {what}"),
        ))
    }

    pub(crate) fn lasting(what: impl std::fmt::Display) -> Self {
        let message = format!("the message was refused: {what}");
        Self::Lasting(Fault::new(Code::FailedPrecondition, "MESSAGE_REFUSED", message))
    }
}

/// A host's configuration that can't be used.
pub(crate) fn invalid_config(path: &str, what: impl std::fmt::Display) -> Fault {
    let message = format!("messages.{path}: {what}");
    Fault::new(Code::InvalidArgument, "INVALID_MESSAGES_CONFIG", message).with("path", format!("messages.{path}"))
}

/// Whether a name is this machine's, where what is said in the open is heard by nobody else.
pub(crate) fn is_this_machine(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
