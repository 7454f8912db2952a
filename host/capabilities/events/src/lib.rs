//! The events capability: a transactional outbox, a bus, and handlers whose effects happen once.
//!
//! A service publishes [`Event`]s (CloudEvents 1.0) in its unit of work: they lie in an outbox beside its own tables, so
//! they are published if, and only if, its writes are. The relay brings them to the [bus](bus): an embedded log, or
//! Redis Streams. The dispatcher gives each to the services that subscribe, again and again with growing waits until
//! the handler succeeds or the event becomes a dead letter. The handler's unit of work includes an inbox row, so its
//! effect happens once, however often the event comes.
//!
//! It must not know what events are about, nor that there is HTTP.
//!
//! ```
//! use std::sync::Arc;
//! use fondaco_events::bus::embedded::EmbeddedBus;
//! use fondaco_events::bus::{Bus, Received, Route};
//! use fondaco_events::{Draft, Event};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let bus = EmbeddedBus::open(folder.path()).await?;
//! let name = "pricing/fondaco.catalog.*".parse()?;
//! bus.declare(&[Route { name, pattern: "fondaco.catalog.*".parse()? }]).await?;
//!
//! let draft = Draft {
//!     ty: "fondaco.catalog.product.changed.v1".into(),
//!     subject: Some("mug".into()),
//!     partition_key: Some("mug".into()),
//!     data: r#"{"sku": "mug"}"#.into(),
//! };
//! let event = Event::new(draft, "acme".parse()?, "/services/catalog".into(), 1_700_000_000_000, 65_536)?;
//! let generation = bus.generation().borrow().clone().ok_or("the bus was never reached")?;
//! bus.append(&generation, &[Arc::new(event)]).await?;
//!
//! let name = "pricing/fondaco.catalog.*".parse()?;
//! let Some(Received::Entries(entries)) = bus.queue(&name).receive().await else { unreachable!() };
//! assert_eq!(entries[0].event.subject.as_deref(), Some("mug"));
//! bus.settle(&name, entries[0].receipt, entries[0].event.id).await;
//! # bus.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! Where to look: `glue` is what components see; `store` is outbox and inbox; `relay` goes from outbox to bus; `bus` has
//! the two implementations; `dispatch` goes from bus to handler, and its `schedule` decides what runs when; [`Events`]
//! holds all of it together.

mod backoff;
pub mod bus;
mod clock;
mod config;
mod dispatch;
mod event;
mod events;
mod fail_point;
mod glue;
mod grant;
mod housekeeping;
mod meters;
mod quota;
mod relay;
mod store;
mod subscription;

pub use backoff::Backoff;
pub use config::{EventsConfig, Kind, Limits, RedisSection};
pub use dispatch::{Attempt, Effect, Handler, NativeHandler, Outcome, ServiceHandler};
pub use event::{Draft, Event, EventType};
pub use events::Events;
pub use fail_point::FAIL_POINTS;
pub use grant::Grant;
pub use store::{DeadLetter, LettersOf};
pub use subscription::{Pattern, Subscription, SubscriptionName};
