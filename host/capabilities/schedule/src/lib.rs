//! The schedule capability: functions of services that run by the clock, once a cluster.
//!
//! A service's manifest says which of its functions are jobs, and when each is due ([`Timetable`]: a cron pattern in a
//! time zone). At a due time the job runs once for each tenant that the service has a database for, whichever host of
//! the cluster comes first: a row in that database is claimed by a guarded update ([`Ledger`]), and the run's own unit
//! of work writes there that it is done. So a job's effect happens at most once a due time, and two runs of it never
//! overlap. However many due times were missed, at most one is made up for.
//!
//! It must not know what a job does, nor that there is HTTP.
//!
//! ```
//! use fondaco_schedule::{Claim, Ledger, State, Timetable};
//! use fondaco_sql::{Databases, DatabasesConfig};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let databases = Databases::open(DatabasesConfig::embedded(folder.path())).await?;
//! let ledger = Ledger::new(databases.clone());
//! let place = ("acme".parse()?, "shop".parse()?);
//! let job = "chores.sweep".parse()?;
//!
//! let timetable = Timetable::parse("0 3 * * *", "Europe/Berlin")?;
//! let now_ms = 1_780_315_200_000; // noon on 2026-06-01
//! let due_ms = timetable.latest(now_ms).ok_or("it is due every day")?;
//! let lease_ms = now_ms + 60_000;
//! let claim = Claim { job: &job, timetable: timetable.as_str(), due_ms, now_ms, lease_ms };
//!
//! // Two hosts want it, one has it.
//! let held = ledger.claim(&place, &claim).await?;
//! assert!(held.is_some());
//! assert_eq!(ledger.claim(&place, &claim).await?, None);
//! assert_eq!(ledger.last(&place, &job).await?.map(|last| last.state), Some(State::Running));
//! # databases.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! Where to look: `grant` and `exports` check a manifest; `due` decides whether a job is to run, and `agenda` when to
//! look, both without I/O; `ledger` has the rows; `runner` and `visit` do it; `glue` is the end of a run's call;
//! `overview` tells operators how jobs stand.

mod agenda;
mod clock;
mod config;
mod due;
mod exports;
mod glue;
mod grant;
mod in_flight;
mod job;
mod ledger;
mod meters;
mod overview;
mod runner;
mod schedule;
mod timetable;
mod visit;

pub use clock::Clock;
pub use config::ScheduleConfig;
pub use job::{InvalidJobName, Job, JobName};
pub use ledger::{Claim, Held, Ledger, Place, Record, State};
pub use overview::{Overview, Standing};
pub use runner::Runner;
pub use schedule::Schedule;
pub use timetable::{InvalidTimetable, Timetable};
