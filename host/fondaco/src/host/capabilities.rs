//! What the host does for services: opened from the configuration, linked into services, started, stopped.
//!
//! The embedded ones keep what they have in folders of the state folder, one a capability.

use std::sync::Arc;
use std::time::Duration;

use fondaco_blob::Blobs;
use fondaco_engine::{Extension, Services};
use fondaco_events::Events;
use fondaco_http::Http;
use fondaco_key_value::KeyValue;
use fondaco_messages::{Carriers, Messages};
use fondaco_schedule::{Overview, Schedule};
use fondaco_secrets::Secrets;
use fondaco_sql::Databases;
use tokio_util::task::AbortOnDropHandle;

use super::config::Config;
use crate::failure::Failure;

/// How long handlers of events, and jobs, may take to end when the host stops.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often bytes without a name are looked for.
const SWEEP_EVERY: Duration = Duration::from_hours(1);
/// How old they must be: far more than any upload takes.
const SWEPT_AGE: Duration = Duration::from_hours(24);

/// All capabilities of this host.
pub(super) struct Capabilities {
    databases: Databases,
    pub(super) events: Events,
    key_value: Arc<KeyValue>,
    pub(super) blobs: Arc<Blobs>,
    secrets: Secrets,
    http: Http,
    schedule: Schedule,
    messages: Messages,
}

impl Capabilities {
    pub(super) async fn open(config: &Config) -> Result<Self, Failure> {
        let state = &config.state;
        let mut sql = config.sql.clone();
        if sql.embedded.folder.as_os_str().is_empty() {
            sql.embedded.folder = state.join("sql");
        }
        let databases = Databases::open(sql).await?;
        let events = Events::open(&config.events, &state.join("events"), databases.clone())
            .await
            .map_err(|error| Failure::Local(format!("events: {error}")))?;
        let secrets = Secrets::new(&config.secrets);
        let carriers = Carriers::open(&config.messages, &state.join("messages"), &secrets)?;
        let messages = Messages::new(&config.messages, databases.clone(), events.clone(), carriers);
        let schedule = Schedule::new(config.schedule.clone(), databases.clone());
        Ok(Self {
            databases,
            events,
            key_value: KeyValue::open(&config.key_value, &state.join("key-value")).await?,
            blobs: Blobs::open(&config.blob, &state.join("blob")).await?,
            http: Http::open(config.http.clone()).await?,
            secrets,
            schedule,
            messages,
        })
    }

    /// What services may import. The unit of work stands last: it commits what the others wrote.
    pub(super) fn extensions(&self) -> Vec<Arc<dyn Extension>> {
        let mut extensions = fondaco_capabilities::all();
        extensions.extend([
            self.events.extension(),
            self.key_value.extension(),
            self.blobs.extension(),
            self.secrets.extension(),
            self.http.extension(),
            self.schedule.extension(),
            self.messages.extension(),
        ]);
        extensions.extend(fondaco_sql::extensions(&self.databases));
        extensions
    }

    /// Says whose store behind is away.
    pub(super) fn away(&self) -> Arc<dyn Fn() -> Vec<&'static str> + Send + Sync> {
        let key_value = Arc::clone(&self.key_value);
        Arc::new(move || if key_value.is_up() { Vec::new() } else { vec!["key-value"] })
    }

    /// Takes away what crashes left behind, every hour until it is dropped.
    pub(super) fn sweep(&self) -> AbortOnDropHandle<()> {
        let blobs = Arc::clone(&self.blobs);
        AbortOnDropHandle::new(tokio::spawn(async move {
            let mut hours = tokio::time::interval(SWEEP_EVERY);
            loop {
                hours.tick().await;
                if let Err(fault) = blobs.sweep(SWEPT_AGE).await {
                    tracing::warn!(%fault, "blobs were not swept; trying again in an hour");
                }
            }
        }))
    }

    /// Begins to bring events from outboxes to handlers, and to run jobs that are due.
    pub(super) fn start(&self, services: &Services) {
        self.events.start(services);
        self.schedule.start(services);
    }

    /// How jobs stand.
    pub(super) fn jobs(&self, services: &Services) -> Overview {
        self.schedule.overview(services)
    }

    /// Lets handlers and jobs end, and closes what is open.
    pub(super) async fn close(&self) {
        tokio::join!(self.events.stop(PATIENCE), self.schedule.stop(PATIENCE));
        self.databases.close().await;
    }
}
