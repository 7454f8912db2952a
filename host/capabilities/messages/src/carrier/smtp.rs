//! A mail server.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use fondaco_engine::{Fault, TenantId};
use fondaco_secrets::{SecretName, Secrets};
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};

use super::{Carrier, Trouble, invalid_config, is_this_machine, mime};
use crate::config::{SmtpConfig, SmtpTls};
use crate::message::{Email, Envelope};
use crate::secret;

/// Connections that are kept at most.
const CONNECTIONS: u32 = 4;
/// How long one is kept that nobody uses.
const IDLE: Duration = Duration::from_secs(30);
/// Answers about who we are and not about the message: an operator mends that, and the message goes then.
const NOT_OUR_MESSAGE: &[u16] = &[530, 534, 535, 538];

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// A mail server. The password is read again for each message, so that one that was changed is used at once.
pub struct Smtp {
    config: SmtpConfig,
    tls: Tls,
    secrets: Secrets,
    password: Option<SecretName>,
    timeout: Duration,
    /// Connections, and the password that they were made with.
    open: Mutex<Option<(Option<SecretString>, Transport)>>,
}

impl Smtp {
    /// By the configuration. Nothing is connected before it is needed.
    pub fn new(config: &SmtpConfig, secrets: Secrets, timeout: Duration) -> Result<Self, Fault> {
        if config.host.is_empty() {
            return Err(invalid_config("email.smtp.host", "is empty; name the mail server"));
        }
        let password = if config.user.is_empty() {
            None
        } else {
            let name = config.password_secret.parse::<SecretName>();
            Some(name.map_err(|error| invalid_config("email.smtp.password_secret", error))?)
        };
        let tls = tls(config)?;
        Ok(Self { config: config.clone(), tls, secrets, password, timeout, open: Mutex::default() })
    }

    /// The connections for a tenant's password.
    async fn transport(&self, tenant: &TenantId) -> Result<Transport, Trouble> {
        let password = match &self.password {
            Some(name) => Some(secret::get(&self.secrets, tenant, name).await.map_err(Trouble::Passing)?),
            None => None,
        };
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((before, transport)) = &*open
            && before.as_ref().map(ExposeSecret::expose_secret) == password.as_ref().map(ExposeSecret::expose_secret)
        {
            return Ok(transport.clone());
        }
        let transport = self.connect(password.as_ref());
        *open = Some((password, transport.clone()));
        Ok(transport)
    }

    fn connect(&self, password: Option<&SecretString>) -> Transport {
        let pool = PoolConfig::new().max_size(CONNECTIONS).idle_timeout(IDLE);
        let mut builder = Transport::builder_dangerous(&self.config.host)
            .port(self.config.port)
            .tls(self.tls.clone())
            .timeout(Some(self.timeout))
            .pool_config(pool);
        if let Some(password) = password {
            let password = password.expose_secret().to_owned();
            builder = builder.credentials(Credentials::new(self.config.user.clone(), password));
        }
        builder.build()
    }
}

fn tls(config: &SmtpConfig) -> Result<Tls, Fault> {
    if config.tls == SmtpTls::None {
        if is_this_machine(&config.host) {
            return Ok(Tls::None);
        }
        let message = "`none` sends mails and passwords in the open: only to this machine (127.0.0.1, localhost)";
        return Err(invalid_config("email.smtp.tls", message));
    }
    let mut builder = TlsParameters::builder(config.host.clone());
    if let Some(file) = &config.ca_file {
        let wrong = |error: &dyn std::fmt::Display| {
            invalid_config("email.smtp.ca_file", format_args!("{}: {error}", file.display()))
        };
        let pem = std::fs::read(file).map_err(|error| wrong(&error))?;
        let certificate = Certificate::from_pem(&pem).map_err(|error| wrong(&error))?;
        builder = builder.add_root_certificate(certificate);
    }
    let parameters = builder.build().map_err(|error| invalid_config("email.smtp.tls", error))?;
    Ok(match config.tls {
        SmtpTls::Implicit => Tls::Wrapper(parameters),
        _ => Tls::Required(parameters),
    })
}

#[async_trait]
impl Carrier<Email> for Smtp {
    async fn carry(&self, envelope: &Envelope, email: &Email) -> Result<(), Trouble> {
        let message = mime::message(envelope, email)?;
        let transport = self.transport(&envelope.tenant).await?;
        // The transport's own timeout is that of a connection; a server that says nothing more would have us wait.
        match tokio::time::timeout(self.timeout, transport.send(message)).await {
            Ok(Ok(_accepted)) => Ok(()),
            Ok(Err(error)) => Err(trouble(&error)),
            Err(_elapsed) => Err(Trouble::passing("the mail server did not answer in time")),
        }
    }
}

/// Of what the server said only the number: its words may have addresses in them.
fn trouble(error: &lettre::transport::smtp::Error) -> Trouble {
    match error.status() {
        Some(code) if error.is_permanent() && !NOT_OUR_MESSAGE.contains(&u16::from(code)) => {
            Trouble::lasting(format_args!("the mail server answered {code}"))
        }
        Some(code) => Trouble::passing(format_args!("the mail server answered {code}")),
        None if error.is_timeout() => Trouble::passing("the mail server did not answer in time"),
        None if error.is_tls() => Trouble::passing("the way to the mail server can't be closed by TLS"),
        None => Trouble::passing("the mail server can't be reached, or broke off"),
    }
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Smtp({}:{})", self.config.host, self.config.port)
    }
}
