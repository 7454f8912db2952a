//! The outbox: events that were published, until they are handled for certain.

use std::collections::HashSet;
use std::sync::Arc;

use fondaco_engine::Fault;
use fondaco_sql::{Value, Work};
use uuid::Uuid;

use super::{Columns, Place, Store, deadline};
use crate::clock::now_ms;
use crate::event::Event;

/// An event of an outbox.
#[derive(Clone, Debug)]
pub(crate) struct OutboxRow {
    pub(crate) seq: i64,
    pub(crate) event: Arc<Event>,
}

/// A row that was relayed and is kept.
#[derive(Clone, Debug)]
pub(crate) struct KeptRow {
    pub(crate) seq: i64,
    pub(crate) id: Uuid,
    pub(crate) relayed_ms: i64,
}

impl Store {
    /// Publishes with a unit of work, when that is committed.
    pub(crate) fn publish(work: &mut Work, event: &Event) {
        let statement = "INSERT INTO fondaco_outbox (id, event, created_ms) VALUES ($1, $2, $3)";
        let parameters = vec![event.id.to_string().into(), event.to_json().into(), event.time_ms.into()];
        work.execute_last(statement, parameters, None);
    }

    /// The oldest events after a number that are not in this generation of the bus.
    pub(crate) async fn unrelayed(
        &self,
        place: &Place,
        generation: &str,
        after: i64,
        limit: i64,
    ) -> Result<Vec<OutboxRow>, Fault> {
        let statement = "SELECT seq, event FROM fondaco_outbox
                         WHERE seq > $1 AND (generation IS NULL OR generation <> $2) ORDER BY seq LIMIT $3";
        let rows = self.read(place, statement, &[after.into(), generation.into(), limit.into()]).await?;
        let row = |values| {
            let mut columns = Columns::of(values);
            let seq = columns.integer()?;
            Ok(OutboxRow { seq, event: Arc::new(Event::from_json(&columns.text()?)?) })
        };
        rows.rows.into_iter().map(row).collect()
    }

    /// Notes that all events of these numbers are in this generation of the bus.
    pub(crate) async fn mark_relayed(
        &self,
        place: &Place,
        (first, last): (i64, i64),
        generation: &str,
    ) -> Result<(), Fault> {
        let statement = "UPDATE fondaco_outbox SET generation = $3, relayed_ms = $4
                         WHERE seq >= $1 AND seq <= $2 AND (generation IS NULL OR generation <> $3)";
        let parameters = vec![first.into(), last.into(), generation.into(), now_ms().into()];
        self.write(place, statement, parameters).await.map(drop)
    }

    /// The events after a number that are in this generation of the bus.
    pub(crate) async fn kept(
        &self,
        place: &Place,
        generation: &str,
        after: i64,
        limit: i64,
    ) -> Result<Vec<KeptRow>, Fault> {
        let statement = "SELECT seq, id, relayed_ms FROM fondaco_outbox
                         WHERE seq > $1 AND generation = $2 ORDER BY seq LIMIT $3";
        let rows = self.read(place, statement, &[after.into(), generation.into(), limit.into()]).await?;
        let row = |values| {
            let mut columns = Columns::of(values);
            let (seq, id, relayed_ms) = (columns.integer()?, columns.text()?, columns.integer()?);
            let id = id.parse().map_err(|_| Fault::internal("an outbox holds what is not an event's id"))?;
            Ok(KeptRow { seq, id, relayed_ms })
        };
        rows.rows.into_iter().map(row).collect()
    }

    /// Forgets the events of these numbers, each range with both ends.
    pub(crate) async fn forget(&self, place: &Place, ranges: &[(i64, i64)]) -> Result<(), Fault> {
        let database = self.databases().of(&place.0, &place.1).await?;
        let mut work = database.begin(deadline()).await?;
        for (first, last) in ranges {
            let statement = "DELETE FROM fondaco_outbox WHERE seq >= $1 AND seq <= $2";
            work.execute_last(statement, vec![Value::from(*first), Value::from(*last)], None);
        }
        work.commit().await
    }
}

/// The rows that may go, as ranges: those that lie in no queue any more, and those that are too old to be kept.
/// Neighbours within `kept` make one range, since nothing lies between them but what another generation holds.
pub(crate) fn settled_ranges(kept: &[KeptRow], unsettled: &HashSet<Uuid>, expired_ms: i64) -> Vec<(i64, i64)> {
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    let mut last_seq = None;
    for row in kept {
        let goes = !unsettled.contains(&row.id) || row.relayed_ms < expired_ms;
        if goes {
            match ranges.last_mut() {
                // Only true neighbours: a number between may be an event that is not relayed.
                Some(range) if last_seq == Some(range.1) && row.seq == range.1 + 1 => range.1 = row.seq,
                _ => ranges.push((row.seq, row.seq)),
            }
        }
        last_seq = Some(row.seq);
    }
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settled_rows_go_in_ranges() {
        let ids: Vec<_> = (0..7).map(|_| Uuid::now_v7()).collect();
        let seqs = [1, 2, 3, 5, 6, 7, 8];
        let row = |(seq, id): (&i64, &Uuid)| KeptRow { seq: *seq, id: *id, relayed_ms: *seq * 10 };
        let kept: Vec<_> = seqs.iter().zip(&ids).map(row).collect();
        // 3 and 7 are open; 4 is not among them.
        let unsettled = HashSet::from([ids[2], ids[5]]);
        assert_eq!(settled_ranges(&kept, &unsettled, 0), [(1, 2), (5, 6), (8, 8)]);
        assert_eq!(settled_ranges(&kept, &unsettled, 40), [(1, 3), (5, 6), (8, 8)]);
        assert!(settled_ranges(&[], &unsettled, 0).is_empty());
    }
}
