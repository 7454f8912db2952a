//! What a bus promises, tried on both implementations by the same cases.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../support/mod.rs"]
mod support;

mod cases;
mod redis;

use std::sync::Arc;

use fondaco_events::bus::Bus;
use fondaco_events::bus::embedded::EmbeddedBus;
use fondaco_test_servers::Redis;
use support::redis_bus;

/// Opens the same bus: what was closed is opened again.
trait Place {
    async fn open(&self) -> Arc<dyn Bus>;
}

struct Folder(tempfile::TempDir);

impl Place for Folder {
    async fn open(&self) -> Arc<dyn Bus> {
        Arc::new(EmbeddedBus::open(self.0.path()).await.unwrap())
    }
}

impl Place for Redis {
    async fn open(&self) -> Arc<dyn Bus> {
        Arc::new(redis_bus(self))
    }
}

macro_rules! conformance {
    ($($case:ident),* $(,)?) => {
        mod embedded {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    crate::cases::$case(&crate::Folder(tempfile::tempdir().unwrap())).await;
                }
            )*

            #[tokio::test]
            async fn a_folder_has_one_bus() {
                let folder = tempfile::tempdir().unwrap();
                let _first = crate::EmbeddedBus::open(folder.path()).await.unwrap();
                let second = crate::EmbeddedBus::open(folder.path()).await.unwrap_err();
                assert!(second.to_string().contains("in use"), "{second}");
            }
        }

        mod on_redis {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    let Some(server) = fondaco_test_servers::Redis::start() else { return };
                    crate::cases::$case(&server).await;
                }
            )*
        }
    };
}

conformance!(
    each_subscription_gets_what_it_wants,
    what_nobody_wants_is_not_kept,
    events_of_a_key_come_in_order,
    an_event_lies_there_once,
    what_was_settled_does_not_come_again,
    attempts_survive_a_restart,
    an_entry_can_be_fetched_again,
    unsettled_events_are_known,
    lag_is_what_is_left,
    a_retired_subscription_is_gone,
    a_subscription_that_nobody_declares_is_found,
    many_publishers_lose_nothing,
    a_queue_may_be_read_before_it_is_declared,
    what_is_said_of_another_generation_is_refused,
);
