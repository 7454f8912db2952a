//! `fondaco:host/messages`: what components see.

use std::sync::Arc;

use async_trait::async_trait;
use fondaco_engine::{Extension, Fault, Prepared, ServiceState, Staging, WitFault};
use fondaco_sql::Work;
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, Linker};

use crate::check::{self, EmailDraft, MailboxDraft, SmsDraft};
use crate::clock::now_ms;
use crate::grant::Grant;
use crate::message::{Channel, Message};
use crate::messages::Inner;
use crate::meters;

const INTERFACE: &str = "fondaco:host/messages@1.0.0";
const GRANT: &str = "messages";

/// The extension. To be put before that of the unit of work, which commits what this one writes.
pub(crate) struct Glue(pub(crate) Arc<Inner>);

#[derive(ComponentType, Lift)]
#[component(record)]
struct WitMailbox {
    name: Option<String>,
    address: String,
}

#[derive(ComponentType, Lift)]
#[component(record)]
struct WitEmail {
    from: WitMailbox,
    #[component(name = "reply-to")]
    reply_to: Option<WitMailbox>,
    to: Vec<WitMailbox>,
    cc: Vec<WitMailbox>,
    bcc: Vec<WitMailbox>,
    subject: String,
    text: Option<String>,
    html: Option<String>,
}

#[derive(ComponentType, Lift)]
#[component(record)]
struct WitSms {
    from: String,
    to: String,
    text: String,
}

impl From<WitMailbox> for MailboxDraft {
    fn from(WitMailbox { name, address }: WitMailbox) -> Self {
        Self { name, address }
    }
}

impl From<WitEmail> for EmailDraft {
    fn from(WitEmail { from, reply_to, to, cc, bcc, subject, text, html }: WitEmail) -> Self {
        let all = |mailboxes: Vec<WitMailbox>| mailboxes.into_iter().map(Into::into).collect();
        Self {
            from: from.into(),
            reply_to: reply_to.map(Into::into),
            to: all(to),
            cc: all(cc),
            bcc: all(bcc),
            subject,
            text,
            html,
        }
    }
}

impl From<WitSms> for SmsDraft {
    fn from(WitSms { from, to, text }: WitSms) -> Self {
        Self { from, to, text }
    }
}

#[async_trait]
impl Extension for Glue {
    fn add_to_linker(&self, linker: &mut Linker<ServiceState>) -> wasmtime::Result<()> {
        let mut interface = linker.instance(INTERFACE)?;
        let inner = Arc::clone(&self.0);
        interface.func_wrap_async(
            "send-email",
            move |mut store: StoreContextMut<'_, ServiceState>, (message,): (WitEmail,)| {
                let inner = Arc::clone(&inner);
                Box::new(async move {
                    let sent = send_email(&inner, store.data_mut(), message.into()).await;
                    Ok((counted(store.data(), Channel::Email, sent),))
                })
            },
        )?;
        let inner = Arc::clone(&self.0);
        interface.func_wrap_async(
            "send-sms",
            move |mut store: StoreContextMut<'_, ServiceState>, (message,): (WitSms,)| {
                let inner = Arc::clone(&inner);
                Box::new(async move {
                    let sent = send_sms(&inner, store.data_mut(), message.into()).await;
                    Ok((counted(store.data(), Channel::Sms, sent),))
                })
            },
        )
    }

    fn interfaces(&self) -> &[&str] {
        &[INTERFACE]
    }

    fn grant(&self) -> Option<&'static str> {
        Some(GRANT)
    }

    async fn prepare(&self, staging: Staging<'_>) -> Result<Option<Prepared>, Fault> {
        let grant = Grant::parse(staging.grant)?;
        self.0.bring_out(staging.service).await?;
        Ok(Some(Arc::new(grant)))
    }
}

fn counted(state: &ServiceState, channel: Channel, sent: Result<String, Fault>) -> Result<String, WitFault> {
    match &sent {
        Ok(_) => meters::accepted(state.service(), channel),
        Err(fault) => meters::refused(state.service(), channel, &fault.reason),
    }
    sent.map_err(WitFault::from)
}

async fn send_email(inner: &Inner, state: &mut ServiceState, draft: EmailDraft) -> Result<String, Fault> {
    let email = check::email(draft, &inner.limits)?;
    granted(state)?.check_email(&email.from.address)?;
    let recipients = email.to.len() + email.cc.len() + email.bcc.len();
    send(inner, state, Message::Email(email), recipients).await
}

async fn send_sms(inner: &Inner, state: &mut ServiceState, draft: SmsDraft) -> Result<String, Fault> {
    let sms = check::sms(draft, &inner.limits)?;
    granted(state)?.check_sms(&sms.from)?;
    send(inner, state, Message::Sms(sms), 1).await
}

fn granted(state: &ServiceState) -> Result<Arc<Grant>, Fault> {
    state.prepared::<Grant>().ok_or_else(|| Fault::internal("messages were not prepared"))
}

async fn send(inner: &Inner, state: &mut ServiceState, message: Message, recipients: usize) -> Result<String, Fault> {
    let place = (state.call().tenant.clone(), state.service().clone());
    inner.rates.take(&place.0, recipients)?;
    let work = Work::of(state, inner.outbox.databases()).await?;
    let id = inner.outbox.put(work, &place, &message, &inner.limits, now_ms()).await?;
    Ok(id.to_string())
}
