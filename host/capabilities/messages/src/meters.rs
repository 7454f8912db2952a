//! What is counted. Labels are names of services and channels; never tenants, never addresses.

use std::time::Duration;

use fondaco_engine::ServiceName;
use metrics::{counter, histogram};

use crate::carrier::Trouble;
use crate::clock::now_ms;
use crate::message::{Channel, Envelope};

/// A service sent a message: it waits from the commit on.
pub(crate) fn accepted(service: &ServiceName, channel: Channel) {
    let service = service.as_str().to_owned();
    counter!("fondaco_messages_accepted_total", "service" => service, "channel" => channel.as_str()).increment(1);
}

/// A service was refused to send.
pub(crate) fn refused(service: &ServiceName, channel: Channel, reason: &str) {
    let (service, reason) = (service.as_str().to_owned(), reason.to_owned());
    counter!(
        "fondaco_messages_refused_total", "service" => service, "channel" => channel.as_str(), "reason" => reason
    )
    .increment(1);
}

/// A carrier was tried.
pub(crate) fn carried(envelope: &Envelope, channel: Channel, carried: &Result<(), Trouble>, took: Duration) {
    let outcome = match carried {
        Ok(()) => "taken",
        Err(Trouble::Passing(_)) => "failed",
        Err(Trouble::Lasting(_)) => "refused",
    };
    let (service, channel) = (envelope.service.as_str().to_owned(), channel.as_str());
    counter!("fondaco_messages_attempts_total", "service" => service, "channel" => channel, "outcome" => outcome)
        .increment(1);
    histogram!("fondaco_messages_attempt_seconds", "channel" => channel).record(took.as_secs_f64());
    if carried.is_ok() {
        let waited_ms = u64::try_from(now_ms().saturating_sub(envelope.created_ms)).unwrap_or(0);
        let waited = Duration::from_millis(waited_ms).as_secs_f64();
        histogram!("fondaco_messages_sent_to_taken_seconds", "channel" => channel).record(waited);
    }
}
