//! One suite, run on both databases: what a service may rely on, wherever it runs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod escapes;
mod limits;
mod migrations;
mod neighbours;
mod outage;
mod placement;
mod sessions;
mod types;
mod units;
mod wire;
mod world;

/// Runs functions that take a world on both databases.
macro_rules! on_both {
    ($($module:ident :: $name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                crate::$module::$name(&crate::world::World::sqlite()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                if let Some(world) = crate::world::World::postgres().await {
                    crate::$module::$name(&world).await;
                }
            })*
        }
    };
}

on_both!(
    types::values_come_back_as_they_were,
    types::numbers_and_texts_mean_the_same,
    types::wrong_parameters_are_said,
    limits::a_result_is_bounded,
    limits::a_statement_is_bounded,
    limits::a_statement_does_not_run_for_ever,
    limits::a_tenant_has_so_many_connections,
    limits::a_database_does_not_grow_for_ever,
    neighbours::units_of_work_that_are_held_are_in_nobodys_way,
    neighbours::reads_without_end_are_in_nobodys_way,
    neighbours::callers_who_give_up_leave_nothing_in_the_way,
    units::a_unit_of_work_is_whole_or_nothing,
    units::a_caller_who_leaves_leaves_nothing,
    units::after_a_failure_nothing_is_kept,
    units::constraints_have_names,
    units::a_reader_does_not_write,
    units::one_writes_at_a_time_within_the_deadline,
    units::guarded_updates_never_oversell,
    units::the_hosts_own_tables_are_of_the_same_unit,
    units::what_runs_last_goes_with_the_commit,
    migrations::each_step_runs_once,
    migrations::a_failing_step_leaves_nothing,
    migrations::history_does_not_change,
    migrations::two_hosts_migrate_once,
    migrations::a_release_is_staged_on_all_databases,
    migrations::old_and_new_code_serve_side_by_side,
    placement::tenants_and_services_are_apart,
    placement::what_is_idle_is_closed_and_comes_back,
    placement::many_tenants_share_a_few_connections,
    escapes::nobody_escapes,
);
