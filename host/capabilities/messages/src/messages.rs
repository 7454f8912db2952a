//! The capability as the host holds it.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fondaco_engine::{Code, Extension, Fault, ServiceName, TenantId};
use fondaco_events::{Backoff, DeadLetter, Events, LettersOf, Pattern, Subscription, SubscriptionName};
use fondaco_secrets::Secrets;
use fondaco_sql::{Databases, Work};
use serde::Serialize;
use uuid::Uuid;

use crate::carrier::{Carrier, Folder, Http, Smtp};
use crate::clock::now_ms;
use crate::config::{EmailKind, Limits, MessagesConfig, SmsKind};
use crate::glue::Glue;
use crate::message::{Channel, Email, Message, Sms};
use crate::outbox::{Outbox, event_type};
use crate::rates::Rates;
use crate::sender::Sender;

/// Dead letters that are looked through for those of messages.
const LETTERS: u16 = 1_000;

/// How much longer than a carrier an attempt may take: for the rows before and after.
const ROWS: Duration = Duration::from_secs(10);

/// The messages of a host. Cheap to clone.
#[derive(Clone)]
pub struct Messages(Arc<Inner>);

/// What all parts share.
pub(crate) struct Inner {
    pub(crate) outbox: Outbox,
    pub(crate) limits: Limits,
    pub(crate) rates: Rates,
    sender: Arc<Sender>,
    terms: Terms,
}

/// How a message is tried.
struct Terms {
    max_attempts: u32,
    backoff: Backoff,
    timeout: Duration,
    concurrency: usize,
}

/// The two ways out.
pub struct Carriers {
    /// For mail.
    pub email: Arc<dyn Carrier<Email>>,
    /// For text messages.
    pub sms: Arc<dyn Carrier<Sms>>,
}

impl Carriers {
    /// Those that the configuration says; folders below this one. `INVALID_MESSAGES_CONFIG` says what is wrong with it.
    pub fn open(config: &MessagesConfig, folder: &Path, secrets: &Secrets) -> Result<Self, Fault> {
        let timeout = config.timeout();
        let (email, sms) = (&config.email, &config.sms);
        let place = |given: &Path, name: &str| {
            Arc::new(Folder::new(if given.as_os_str().is_empty() { folder.join(name) } else { given.to_owned() }))
        };
        Ok(Self {
            email: match email.kind {
                EmailKind::Folder => place(&email.folder, "email"),
                EmailKind::Smtp => Arc::new(Smtp::new(&email.smtp, secrets.clone(), timeout)?),
                EmailKind::Http => Arc::new(Http::new(Channel::Email, &email.http, secrets.clone(), timeout)?),
            },
            sms: match sms.kind {
                SmsKind::Folder => place(&sms.folder, "sms"),
                SmsKind::Http => Arc::new(Http::new(Channel::Sms, &sms.http, secrets.clone(), timeout)?),
            },
        })
    }
}

/// A message that was tried as often as the host allows, or refused. What it says, and to whom, is not told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadMessage {
    /// Whose it is.
    pub tenant: TenantId,
    /// Which service sent it.
    pub service: ServiceName,
    /// Its id.
    pub id: String,
    /// Since when it is dead, in ms since 1970.
    pub since_ms: i64,
    /// How often it was tried.
    pub attempts: u32,
    /// The last fault's reason.
    pub reason: String,
    /// The last fault's message.
    pub message: String,
}

impl Messages {
    /// By the configuration, over the host's databases and events. Before the first database is opened, since every one
    /// has a table of messages.
    pub fn new(config: &MessagesConfig, databases: Databases, events: Events, carriers: Carriers) -> Self {
        let outbox = Outbox::new(databases, events);
        let Carriers { email, sms } = carriers;
        let sender = Arc::new(Sender { outbox: outbox.clone(), email, sms, taken: Mutex::default() });
        let terms = Terms {
            max_attempts: config.max_attempts.max(1),
            backoff: config.backoff(),
            timeout: config.timeout() + ROWS,
            concurrency: config.concurrency.clamp(1, 64),
        };
        let limits = config.limits.clone();
        Self(Arc::new(Inner { outbox, rates: Rates::new(&limits), limits, sender, terms }))
    }

    /// What services see of it. To be put before the extension of the unit of work.
    pub fn extension(&self) -> Arc<dyn Extension> {
        Arc::new(Glue(Arc::clone(&self.0)))
    }

    /// Begins to bring out what a service sends; staging a release does that by itself.
    pub async fn bring_out(&self, service: &ServiceName) -> Result<(), Fault> {
        self.0.bring_out(service).await
    }

    /// Sends with a unit of work of the host's own; the message's id. It counts against no rate.
    pub async fn send(
        &self,
        work: &mut Work,
        tenant: &TenantId,
        service: &ServiceName,
        message: &Message,
    ) -> Result<Uuid, Fault> {
        let place = (tenant.clone(), service.clone());
        self.0.outbox.put(work, &place, message, &self.0.limits, now_ms()).await
    }

    /// The dead messages of a tenant, or of all; of a service, or of all. The oldest of each database first.
    pub async fn dead(
        &self,
        tenant: Option<&TenantId>,
        service: Option<&ServiceName>,
    ) -> Result<Vec<DeadMessage>, Fault> {
        let subscription = service.map(subscription_name).transpose()?;
        let of = LettersOf { tenant, service, subscription: subscription.as_ref() };
        let letters = self.0.outbox.events().dead_letters(of, LETTERS).await?;
        Ok(letters.into_iter().filter_map(dead_message).collect())
    }

    /// Tries a dead message once more, now. After a fault it is dead as before.
    pub async fn replay(&self, tenant: &TenantId, service: &ServiceName, id: Uuid) -> Result<(), Fault> {
        let replayed = self.0.outbox.events().replay(tenant, &subscription_name(service)?, id).await;
        replayed.map_err(|fault| no_message(fault, tenant, service, id))
    }

    /// Throws a dead message away.
    pub async fn discard(&self, tenant: &TenantId, service: &ServiceName, id: Uuid) -> Result<(), Fault> {
        // The row last: a letter without a row is done with, a row without a letter would lie there for ever.
        let name = subscription_name(service)?;
        self.0.outbox.events().dead_letter(tenant, &name, id).await.map_err(|f| no_message(f, tenant, service, id))?;
        self.0.outbox.remove(&(tenant.clone(), service.clone()), id).await?;
        self.0.outbox.events().discard(tenant, &name, id).await
    }
}

impl Inner {
    /// The events beside a service's messages come to the sender from now on.
    pub(crate) async fn bring_out(&self, service: &ServiceName) -> Result<(), Fault> {
        let pattern = Pattern::Exact(event_type(service)?);
        let subscription = Subscription {
            name: SubscriptionName::new(service, &pattern),
            service: service.clone(),
            pattern,
            ordered: false,
            max_attempts: self.terms.max_attempts,
            concurrency: self.terms.concurrency,
            backoff: self.terms.backoff,
            timeout: self.terms.timeout,
        };
        let sender: Arc<Sender> = Arc::clone(&self.sender);
        self.outbox.events().attach(subscription, sender).await;
        Ok(())
    }
}

fn subscription_name(service: &ServiceName) -> Result<SubscriptionName, Fault> {
    Ok(SubscriptionName::new(service, &Pattern::Exact(event_type(service)?)))
}

/// The message that a dead letter is of; none where it is of another event.
fn dead_message(letter: DeadLetter) -> Option<DeadMessage> {
    let service: ServiceName = letter.subscription.as_str().split('/').next()?.parse().ok()?;
    if subscription_name(&service).ok()? != letter.subscription {
        return None;
    }
    Some(DeadMessage {
        tenant: letter.tenant,
        service,
        id: letter.event_id.to_string(),
        since_ms: letter.since_ms,
        attempts: letter.attempts,
        reason: letter.reason,
        message: letter.message,
    })
}

fn no_message(fault: Fault, tenant: &TenantId, service: &ServiceName, id: Uuid) -> Fault {
    if fault.reason != "DEAD_LETTER_NOT_FOUND" {
        return fault;
    }
    let message = format!("tenant `{tenant}` has no dead message `{id}` of `{service}`");
    Fault::new(Code::NotFound, "MESSAGE_NOT_FOUND", message)
}

impl std::fmt::Debug for Messages {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Messages")
    }
}
