//! What came to a queue and was not read yet, in memory: who keeps up need not read what was written a moment ago.

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
#[derive(Debug)]
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

    /// Takes the next entries after a number; `None` where some of them are only on disk. What was taken, and what comes
    /// before it, is on disk only from then on.
    pub(super) fn take(&self, seq: i64, limit: usize) -> Option<Vec<Entry>> {
        let mut kept = self.lock();
        if seq < kept.after {
            return None;
        }
        let read = kept.entries.partition_point(|entry| entry.seq <= seq);
        let until = kept.entries.len().min(read + limit);
        let mut gone: Vec<_> = kept.entries.drain(..until).collect();
        kept.bytes -= gone.iter().map(|entry| entry.bytes).sum::<usize>();
        let taken = gone.split_off(read);
        kept.after = taken.last().map_or(seq, |entry| entry.seq);
        Some(taken)
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
        Some(tail.take(seq, limit)?.iter().map(|entry| entry.seq).collect())
    }

    #[test]
    fn who_keeps_up_reads_from_memory() {
        let tail = Tail::after_number(3);
        assert_eq!(seqs(&tail, 2, 9), None);
        assert_eq!(seqs(&tail, 3, 9), Some(vec![]));
        tail.push(vec![entry(5, 1), entry(6, 1), entry(9, 1)]);
        assert_eq!(seqs(&tail, 3, 2), Some(vec![5, 6]));
        // Another reader begins: what the first one took is on disk.
        assert_eq!(seqs(&tail, 3, 2), None);
        assert_eq!(seqs(&tail, 6, 9), Some(vec![9]));
        assert_eq!((seqs(&tail, 9, 9), tail.newest()), (Some(vec![]), 9));
        // Who reads from disk what came meanwhile gets it once.
        tail.push(vec![entry(10, 1), entry(11, 1)]);
        assert_eq!(seqs(&tail, 10, 9), Some(vec![11]));
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
        // What was taken takes no room any more.
        tail.push(vec![entry(1_030, BYTES)]);
        assert_eq!(seqs(&tail, 1_027, 9), Some(vec![1_030]));
        tail.push(vec![entry(1_031, BYTES + 1)]);
        assert_eq!(seqs(&tail, 1_030, 9), None);
        assert_eq!((seqs(&tail, 1_031, 9), tail.newest()), (Some(vec![]), 1_031));
    }
}
