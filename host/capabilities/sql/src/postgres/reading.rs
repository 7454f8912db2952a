//! Reads outside of a unit of work.

use std::sync::Arc;

use fondaco_engine::Fault;
use tokio::time::timeout_at;

use super::pool::Pool;
use super::session::Place;
use super::values::ParameterTypes;
use crate::store::Statement;
use crate::{Rows, fault};

/// Reads what was committed, by one statement. A session that died in its sleep, or of which the prepared statements are
/// of yesterday, is made anew once: what only reads may be tried again.
pub(super) async fn read(
    pool: &Pool,
    place: &Place,
    prefix: &str,
    types: &Arc<ParameterTypes>,
    statement: &Statement<'_>,
) -> Result<Rows, Fault> {
    let mut lease = pool.acquire(place, statement.terms.patience()).await?;
    loop {
        let reading = lease.session.read(place, prefix, types, statement);
        // The server knows how long a statement may run, but not when the call ends. Whoever stops waiting closes the
        // connection, and the server sees that and stops too.
        let answer = timeout_at(statement.terms.deadline.into(), reading).await.map_err(|_| fault::timeout())?;
        match answer {
            Err(fault) if fault::is_lost(&fault) => lease = pool.renew(lease).await?.ok_or(fault)?,
            answer => {
                lease.give_back();
                return answer;
            }
        }
    }
}
