//! One suite, run on both databases: what a job may rely on, wherever it runs. Two hosts compete in all of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod engine;
mod house;
mod ledger;

/// Runs functions that take a house on both databases.
macro_rules! on_both {
    ($($module:ident :: $name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                crate::$module::$name(&crate::house::House::sqlite().await).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                if let Some(house) = crate::house::House::postgres().await {
                    crate::$module::$name(&house).await;
                }
            })*
        }
    };
}

on_both!(
    ledger::of_all_who_want_a_run_one_has_it,
    ledger::a_due_time_is_run_once,
    ledger::a_lost_hosts_run_is_begun_again_and_not_for_ever,
    ledger::who_lost_the_lease_commits_nothing,
    ledger::failures_are_counted_until_it_is_well,
    ledger::a_run_that_was_given_back_is_free,
    ledger::tenants_and_jobs_are_apart,
    engine::a_job_runs_once_for_each_tenant,
    engine::a_job_that_fails_leaves_nothing_and_waits_for_its_next_due_time,
    engine::what_was_missed_is_made_up_for_once,
    engine::a_lost_hosts_job_is_taken_over,
    engine::a_swap_changes_what_runs,
    engine::an_operator_sees_how_jobs_stand,
);
