//! What came last in a queue, in memory: who keeps up need not read what was written a moment ago.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::event::Event;

/// Entries that are kept.
const ENTRIES: usize = 1_024;
/// Bytes of events that are kept.
const BYTES: usize = 4 << 20;

/// The end of a queue. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Tail(Arc<Mutex<Kept>>);

#[derive(Debug)]
struct Kept {
    /// All that came after this number is here.
    after: i64,
    /// The number of the newest entry that came.
    newest: i64,
    entries: VecDeque<Entry>,
    bytes: usize,
}

/// An entry of a queue that nobody has tried.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) seq: i64,
    pub(super) event: Arc<Event>,
    /// Of the event's JSON.
    pub(super) bytes: usize,
}

impl Tail {
    /// Of a queue to which nothing came after this number.
    pub(super) fn after_number(newest: i64) -> Self {
        Self(Arc::new(Mutex::new(Kept { after: newest, newest, entries: VecDeque::new(), bytes: 0 })))
    }

    /// These came, in this order.
    pub(super) fn push(&self, entries: Vec<Entry>) {
        let mut kept = self.lock();
        for entry in entries {
            kept.newest = kept.newest.max(entry.seq);
            kept.bytes += entry.bytes;
            kept.entries.push_back(entry);
        }
        while kept.entries.len() > ENTRIES || kept.bytes > BYTES {
            let Some(oldest) = kept.entries.pop_front() else { break };
            kept.bytes -= oldest.bytes;
            kept.after = oldest.seq;
        }
    }

    /// The next entries after a number; `None` where some of them are only on disk.
    pub(super) fn after(&self, seq: i64, limit: usize) -> Option<Vec<Entry>> {
        let kept = self.lock();
        if seq < kept.after {
            return None;
        }
        let from = kept.entries.partition_point(|entry| entry.seq <= seq);
        Some(kept.entries.range(from..).take(limit).cloned().collect())
    }

    /// The number of the newest entry that came.
    pub(super) fn newest(&self) -> i64 {
        self.lock().newest
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Draft;

    fn entry(seq: i64, bytes: usize) -> Entry {
        let draft = Draft { ty: "a.b".to_owned(), subject: None, partition_key: None, data: "{}".to_owned() };
        let event = Event::new(draft, "acme".parse().unwrap(), "/services/a".to_owned(), 0, 10).unwrap();
        Entry { seq, event: Arc::new(event), bytes }
    }

    fn seqs(tail: &Tail, seq: i64, limit: usize) -> Option<Vec<i64>> {
        Some(tail.after(seq, limit)?.iter().map(|entry| entry.seq).collect())
    }

    #[test]
    fn who_keeps_up_reads_from_memory() {
        let tail = Tail::after_number(3);
        assert_eq!(seqs(&tail, 2, 9), None);
        assert_eq!(seqs(&tail, 3, 9), Some(vec![]));
        tail.push(vec![entry(5, 1), entry(6, 1), entry(9, 1)]);
        assert_eq!(seqs(&tail, 3, 2), Some(vec![5, 6]));
        assert_eq!(seqs(&tail, 6, 9), Some(vec![9]));
        assert_eq!(tail.newest(), 9);
    }

    #[test]
    fn what_does_not_fit_is_on_disk_only() {
        let tail = Tail::after_number(0);
        tail.push((1..=1_026).map(|seq| entry(seq, 1)).collect());
        assert_eq!(seqs(&tail, 1, 9), None);
        assert_eq!(seqs(&tail, 2, 2), Some(vec![3, 4]));
        tail.push(vec![entry(1_027, BYTES)]);
        assert_eq!(seqs(&tail, 1_025, 9), None);
        assert_eq!(seqs(&tail, 1_026, 9), Some(vec![1_027]));
        tail.push(vec![entry(1_028, BYTES + 1)]);
        assert_eq!(seqs(&tail, 1_027, 9), None);
        assert_eq!((seqs(&tail, 1_028, 9), tail.newest()), (Some(vec![]), 1_028));
    }
}
