//! `[messages]` of the host's configuration.

use std::path::PathBuf;
use std::time::Duration;

use fondaco_events::Backoff;
use serde::{Deserialize, Serialize};

/// `[messages]` of the host's configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MessagesConfig {
    /// How mail goes.
    pub email: EmailConfig,
    /// How text messages go.
    pub sms: SmsConfig,
    /// What services may send.
    pub limits: Limits,
    /// How often a provider is tried before a message is dead.
    pub max_attempts: u32,
    /// Milliseconds between the first attempt and the second; doubles, with jitter.
    pub backoff_ms: u64,
    /// The longest wait between two attempts, in milliseconds.
    pub backoff_max_ms: u64,
    /// Milliseconds that one attempt may take.
    pub timeout_ms: u64,
    /// Messages of one service that are on their way at a time, on this host.
    pub concurrency: usize,
}

impl Default for MessagesConfig {
    fn default() -> Self {
        Self {
            email: EmailConfig::default(),
            sms: SmsConfig::default(),
            limits: Limits::default(),
            // With these waits the last attempt comes some six to twelve hours after the first.
            max_attempts: 15,
            backoff_ms: 5_000,
            backoff_max_ms: 3_600_000,
            timeout_ms: 30_000,
            concurrency: 4,
        }
    }
}

impl MessagesConfig {
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms.clamp(1, 300_000))
    }

    pub(crate) fn backoff(&self) -> Backoff {
        Backoff {
            first: Duration::from_millis(self.backoff_ms.max(1)),
            longest: Duration::from_millis(self.backoff_max_ms.max(1)),
        }
    }
}

/// How mail goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EmailConfig {
    /// Which carrier.
    pub kind: EmailKind,
    /// For `folder`: where the files are. Empty: the host's state folder chooses.
    pub folder: PathBuf,
    /// For `smtp`.
    pub smtp: SmtpConfig,
    /// For `http`.
    pub http: HttpConfig,
}

/// Which carrier of mail.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EmailKind {
    /// Files that nobody sends, for laptops.
    #[default]
    Folder,
    /// A mail server.
    Smtp,
    /// A provider's HTTP interface.
    Http,
}

/// How text messages go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SmsConfig {
    /// Which carrier.
    pub kind: SmsKind,
    /// For `folder`: where the files are. Empty: the host's state folder chooses.
    pub folder: PathBuf,
    /// For `http`.
    pub http: HttpConfig,
}

/// Which carrier of text messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SmsKind {
    /// Files that nobody sends, for laptops.
    #[default]
    Folder,
    /// A provider's HTTP interface.
    Http,
}

/// A mail server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SmtpConfig {
    /// Its name, which is also the name that its certificate must have.
    pub host: String,
    /// 587 for `starttls`, 465 for `implicit`, as a rule.
    pub port: u16,
    /// How the way there is closed.
    pub tls: SmtpTls,
    /// A file of certificates, PEM, that are trusted beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Who logs in; nobody where it is empty.
    pub user: String,
    /// The secret that is the password, of the service name `messages`.
    pub password_secret: String,
}

impl Default for SmtpConfig {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: 587,
            tls: SmtpTls::Starttls,
            ca_file: None,
            user: String::new(),
            password_secret: "smtp-password".to_owned(),
        }
    }
}

/// How the way to a mail server is closed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SmtpTls {
    /// It begins in the open and is closed before anything is said; a server that can't is not used.
    #[default]
    Starttls,
    /// It is closed from the beginning.
    Implicit,
    /// It is open: on this machine only.
    None,
}

/// A provider's HTTP interface: a POST of JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// Where to; `https`, or this machine.
    pub url: String,
    /// The body: JSON with `{{ field }}` where a value stands, which is put in as JSON.
    pub body: String,
    /// The secret that is sent as `authorization: Bearer …`, of the service name `messages`; none where it is empty.
    pub bearer_secret: String,
    /// The secret that the body is signed with, of the service name `messages`; not signed where it is empty.
    pub signing_secret: String,
    /// The header that has the message's id.
    pub id_header: String,
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            body: String::new(),
            bearer_secret: String::new(),
            signing_secret: String::new(),
            id_header: "idempotency-key".to_owned(),
        }
    }
}

/// What services may send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Recipients of a mail, seen and unseen.
    pub recipients: usize,
    /// Bytes of a subject.
    pub subject_bytes: usize,
    /// Bytes of a mail's text and HTML together.
    pub body_bytes: usize,
    /// Characters of a text message.
    pub sms_characters: usize,
    /// Messages that one tenant may send a minute, over all services of this host; a mail counts once a recipient.
    pub per_minute: u32,
    /// Messages that it may send at once on top, after a pause.
    pub burst: u32,
    /// Messages of one tenant and service that wait, dead ones included.
    pub waiting: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            recipients: 50,
            subject_bytes: 500,
            body_bytes: 256 << 10,
            sms_characters: 1_000,
            per_minute: 120,
            burst: 600,
            waiting: 10_000,
        }
    }
}
