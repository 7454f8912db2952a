//! The capability as the host holds it: opened, wired, started, stopped.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use fondaco_engine::{Extension, Services};
use fondaco_sql::Databases;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::config::ScheduleConfig;
use crate::glue::Glue;
use crate::in_flight::InFlight;
use crate::ledger::Ledger;
use crate::overview::Overview;
use crate::runner::Runner;
use crate::visit::Visitor;

/// The schedule of a host.
#[derive(Debug)]
pub struct Schedule {
    config: ScheduleConfig,
    ledger: Ledger,
    in_flight: InFlight,
    clock: Clock,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Schedule {
    /// Over the host's databases, by the system's clock. Before the first database is opened, since every one has a
    /// table of runs.
    pub fn new(config: ScheduleConfig, databases: Databases) -> Self {
        Self::with_clock(config, databases, Clock::system())
    }

    /// The same by a clock of one's own.
    pub fn with_clock(config: ScheduleConfig, databases: Databases, clock: Clock) -> Self {
        Self {
            config,
            ledger: Ledger::new(databases),
            in_flight: InFlight::default(),
            clock,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }
    }

    /// What the engine asks of it. To be put before the extension of the unit of work.
    pub fn extension(&self) -> Arc<dyn Extension> {
        let (ledger, in_flight, clock) = (self.ledger.clone(), self.in_flight.clone(), self.clock.clone());
        Arc::new(Glue { ledger, in_flight, clock })
    }

    /// What ran when.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Begins to run what is due, unless the configuration says that this host does not.
    pub fn start(&self, services: &Services) {
        if self.config.enabled {
            self.tasks.spawn(self.runner(services).run(self.stop.clone()));
        }
    }

    /// How jobs stand.
    pub fn overview(&self, services: &Services) -> Overview {
        Overview::new(services.clone(), self.ledger.clone(), self.clock.clone())
    }

    /// What runs it, for whoever says himself when to look.
    pub fn runner(&self, services: &Services) -> Runner {
        let visitor = Visitor {
            services: services.clone(),
            ledger: self.ledger.clone(),
            in_flight: self.in_flight.clone(),
            clock: self.clock.clone(),
            calls: AtomicU64::new(0),
        };
        Runner::new(services, visitor, self.config.concurrency)
    }

    /// Stops: nothing new is begun, and what runs ends well. At most this long; what has not ended then is begun again
    /// when its lease is over, by whichever host.
    pub async fn stop(&self, patience: Duration) {
        self.stop.cancel();
        self.tasks.close();
        if tokio::time::timeout(patience, self.tasks.wait()).await.is_err() {
            tracing::warn!("jobs did not end in time; they are begun again");
        }
    }
}
