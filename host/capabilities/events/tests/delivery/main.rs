//! From a publisher's unit of work to a handler's, on every pair of database and bus.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../support/mod.rs"]
mod support;

mod cases;

macro_rules! on_every_pair {
    ($($case:ident),* $(,)?) => {
        mod sqlite_embedded {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    let folder = tempfile::tempdir().unwrap();
                    crate::cases::$case(&crate::support::house::Site::embedded(folder.path())).await;
                }
            )*
        }

        mod sqlite_redis {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    let folder = tempfile::tempdir().unwrap();
                    let Some(redis) = fondaco_test_servers::Redis::start() else { return };
                    let site = crate::support::house::Site::embedded(folder.path()).with_redis(&redis);
                    crate::cases::$case(&site).await;
                }
            )*
        }

        mod postgres_redis {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $case() {
                    let folder = tempfile::tempdir().unwrap();
                    let Some(redis) = fondaco_test_servers::Redis::start() else { return };
                    let Some(postgres) = fondaco_test_servers::Postgres::start() else { return };
                    let site = crate::support::house::Site::embedded(folder.path());
                    crate::cases::$case(&site.with_redis(&redis).with_postgres(&postgres)).await;
                }
            )*
        }
    };
}

on_every_pair!(
    all_that_was_committed_is_handled_once_and_in_order,
    what_was_rolled_back_is_not_published,
    a_poison_event_becomes_a_dead_letter_and_is_replayed,
    dead_letters_are_found_behind_those_of_others,
    a_poison_event_holds_up_its_key_alone,
    what_was_left_behind_is_found_at_the_next_start,
    an_event_that_comes_twice_has_one_effect,
);
