//! Events: what happened, for whoever wants to know. Granted by `[grants.events]`.
//!
//! What is published belongs to the unit of work: it leaves when the work is committed, and never otherwise. It is
//! delivered at least once; a subscriber's handler has its effect once.

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use crate::bindings::fondaco::host::events::Draft;
use crate::{Code, Fault, fault, host};

/// Something that happened: its type, and what to order and filter it by.
pub trait Event: Serialize {
    /// Its CloudEvents type, with a version: `fondaco.catalog.product.changed.v1`. One that the manifest says this
    /// service publishes.
    const TYPE: &'static str;

    /// What it is about, for instance a product's id.
    fn subject(&self) -> Option<String> {
        None
    }

    /// Events with the same key are delivered in the order of their commits, to subscribers that ask for it.
    fn partition_key(&self) -> Option<String> {
        None
    }
}

/// Publishes an event in the unit of work; answers its id.
pub fn publish<E: Event>(event: &E) -> Result<String, Fault> {
    let data = serde_json::to_string(event)
        .map_err(|error| fault::internal("EVENT_NOT_JSON", format!("{} is not JSON: {error}", E::TYPE)))?;
    let draft =
        Draft { type_: E::TYPE.to_owned(), subject: event.subject(), partition_key: event.partition_key(), data };
    host::current(|host| host.publish(&draft))
}

/// Reads the data of an event that was handed to this service. One that cannot be read will not be readable at the
/// next attempt either; the fault says so, and the event goes to the dead letters.
pub fn decode<T: DeserializeOwned>(r#type: &str, data: &str) -> Result<T, Fault> {
    let mut reader = serde_json::Deserializer::from_str(data);
    serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let message = format!("The event {type} cannot be read at {}: {}", error.path(), error.inner());
        Fault::new(Code::InvalidArgument, "INVALID_EVENT", message).with("type", r#type)
    })
}
