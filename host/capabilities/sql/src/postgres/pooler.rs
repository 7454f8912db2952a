//! Whether a pooler stands in front that gives each transaction another connection.

use sqlx::{AssertSqlSafe, Executor as _, PgConnection, Row as _};

/// Whether what the first sets for its session is there when it comes back. A pooler by transaction gives the second one,
/// for the time of its transaction, the connection that the first has just used.
pub(super) async fn keeps_sessions(first: &mut PgConnection, second: &mut PgConnection) -> Result<bool, sqlx::Error> {
    let mark = format!("{:016x}", rand::random::<u64>());
    let set = format!("SELECT set_config('fondaco.mark', '{mark}', false)");
    first.execute(sqlx::raw_sql(AssertSqlSafe(set))).await?;
    second.execute(sqlx::raw_sql("BEGIN; SELECT 1")).await?;
    let row = first.fetch_one(sqlx::raw_sql("SELECT current_setting('fondaco.mark', true)")).await?;
    second.execute(sqlx::raw_sql("ROLLBACK")).await?;
    Ok(row.try_get::<Option<String>, _>(0)? == Some(mark))
}
