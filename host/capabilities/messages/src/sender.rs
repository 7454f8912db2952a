//! Brings messages from the outbox to the carriers, as the handler of the events beside them.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use fondaco_engine::{Code, Fault};
use fondaco_events::{Attempt, Handler, Outcome};
use uuid::Uuid;

use crate::carrier::{Carrier, Trouble};
use crate::clock::{ms, now_ms};
use crate::message::{Email, Envelope, Message, Sms};
use crate::meters;
use crate::outbox::{Claimed, Outbox, Place};

/// How much longer than an attempt a lease is: for writing down how it ended, and for clocks of hosts that differ.
const MARGIN: Duration = Duration::from_secs(15);

/// See the [module](self).
pub(crate) struct Sender {
    pub(crate) outbox: Outbox,
    pub(crate) email: Arc<dyn Carrier<Email>>,
    pub(crate) sms: Arc<dyn Carrier<Sms>>,
    /// Messages that were taken, where that could not be written down yet. They are not handed over again by this host.
    pub(crate) taken: Mutex<HashSet<Uuid>>,
}

impl Sender {
    async fn send(&self, place: &Place, attempt: &Attempt) -> Outcome {
        let id = attempt.event.id;
        if self.taken().contains(&id) {
            return self.note(place, id).await;
        }
        let lease_ms = now_ms().saturating_add(ms(attempt.subscription.timeout)).saturating_add(ms(MARGIN));
        let (message, created_ms) = match self.outbox.claim(place, id, now_ms(), lease_ms).await {
            Ok(Claimed::Mine { message, created_ms }) => (message, created_ms),
            Ok(Claimed::Gone) => return Outcome::Repeated,
            Ok(Claimed::Theirs) => {
                return Outcome::NotNow(Fault::new(Code::Aborted, "MESSAGE_IN_HAND", "another host has the message"));
            }
            Ok(Claimed::Broken) => return Outcome::Refused(Fault::internal("the message can't be read any more")),
            Err(fault) => return Outcome::NotNow(fault),
        };
        let envelope = Envelope { id, tenant: place.0.clone(), service: place.1.clone(), created_ms };
        let begun = Instant::now();
        let carried = self.carry(&envelope, &message, attempt.deadline).await;
        meters::carried(&envelope, message.channel(), &carried, begun.elapsed());
        match carried {
            Ok(()) => {
                tracing::debug!(message = %id, channel = %message.channel(), "message was taken");
                self.taken().insert(id);
                self.note(place, id).await
            }
            Err(trouble) => {
                // Where that fails, the lease ends by itself.
                if let Err(fault) = self.outbox.release(place, id).await {
                    tracing::debug!(message = %id, %fault, "message stays in hand until its lease ends");
                }
                match trouble {
                    Trouble::Passing(fault) => Outcome::Failed(fault),
                    Trouble::Lasting(fault) => Outcome::Refused(fault),
                }
            }
        }
    }

    async fn carry(&self, envelope: &Envelope, message: &Message, deadline: Instant) -> Result<(), Trouble> {
        let carrying = async {
            match message {
                Message::Email(email) => self.email.carry(envelope, email).await,
                Message::Sms(sms) => self.sms.carry(envelope, sms).await,
            }
        };
        let carried = tokio::time::timeout_at(deadline.into(), carrying).await;
        carried.unwrap_or_else(|_elapsed| Err(Trouble::passing("the provider did not answer in time")))
    }

    /// Writes down that a message was taken: from then on no host has it.
    async fn note(&self, place: &Place, id: Uuid) -> Outcome {
        match self.outbox.remove(place, id).await {
            Ok(_was_there) => {
                self.taken().remove(&id);
                Outcome::Handled
            }
            Err(fault) => Outcome::NotNow(fault),
        }
    }

    fn taken(&self) -> MutexGuard<'_, HashSet<Uuid>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Handler for Sender {
    async fn handle(&self, attempt: &Attempt) -> Outcome {
        let place = (attempt.event.tenant.clone(), attempt.subscription.service.clone());
        self.send(&place, attempt).await
    }
}
