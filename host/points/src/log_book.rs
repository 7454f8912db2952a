//! What plugins wrote, for the merchants who wrote the plugins.
//!
//! A bounded ring a (tenant, plugin), and a bound on all of them together. A run that neither wrote nor failed leaves
//! nothing here and touches nothing here: most calls never come this way. No lock is held while a plugin runs.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use fondaco_engine::{Fault, Fuel, Log, TenantId};

use crate::point::Point;

/// Bounds of a [`LogBook`].
#[derive(Debug, Clone, Copy)]
pub struct LogLimits {
    /// Runs that are kept of one plugin of one tenant.
    pub entries: usize,
    /// Bytes that are kept of one plugin of one tenant.
    pub plugin_bytes: usize,
    /// Bytes that are kept in all. Above it the plugins that wrote longest ago are forgotten.
    pub total_bytes: usize,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self { entries: 256, plugin_bytes: 128 << 10, total_bytes: 32 << 20 }
    }
}

/// One run of a plugin.
#[derive(Debug, Clone)]
pub struct LogEntry {
    /// Grows from entry to entry over the whole book: what `after` compares with.
    pub cursor: u64,
    /// When the run ended.
    pub at: SystemTime,
    /// The request that it was a part of.
    pub request_id: Arc<str>,
    /// The plugin's version.
    pub version: Arc<str>,
    /// Where it ran.
    pub point: Point,
    /// None when it went well.
    pub fault: Option<Fault>,
    /// What it used.
    pub fuel: Fuel,
    /// What it wrote.
    pub lines: Vec<String>,
    /// Whether it wrote more than is kept.
    pub truncated: bool,
}

impl LogEntry {
    fn bytes(&self) -> usize {
        let lines: usize = self.lines.iter().map(|line| line.len() + size_of::<String>()).sum();
        let fault = self.fault.as_ref().map_or(0, |fault| fault.message.len());
        lines + fault + size_of::<Self>()
    }
}

/// A run, before it is noted down.
#[derive(Debug)]
pub(crate) struct Noted<'a> {
    pub(crate) request_id: &'a Arc<str>,
    pub(crate) version: &'a Arc<str>,
    pub(crate) point: Point,
    pub(crate) fault: Option<&'a Fault>,
    pub(crate) fuel: Fuel,
    pub(crate) log: Log,
}

type Key = (TenantId, Arc<str>);

#[derive(Default)]
struct Ring {
    entries: VecDeque<LogEntry>,
    bytes: usize,
}

#[derive(Default)]
struct Book {
    rings: HashMap<Key, Ring>,
    bytes: usize,
}

/// The logs of all tenants' plugins.
pub struct LogBook {
    limits: LogLimits,
    next: AtomicU64,
    book: Mutex<Book>,
}

impl LogBook {
    pub(crate) fn new(limits: LogLimits) -> Self {
        Self { limits, next: AtomicU64::new(1), book: Mutex::default() }
    }

    /// The runs of `plugin` after the cursor `after`, oldest first; the newest `limit` of them. A follower passes the
    /// last cursor that it saw.
    pub fn read(&self, tenant: &TenantId, plugin: &str, after: u64, limit: usize) -> Vec<LogEntry> {
        let book = self.lock();
        let Some(ring) = book.rings.get(&(tenant.clone(), Arc::from(plugin))) else {
            return Vec::new();
        };
        let newer = ring.entries.iter().rev().take_while(|entry| entry.cursor > after);
        let mut entries: Vec<LogEntry> = newer.take(limit).cloned().collect();
        entries.reverse();
        entries
    }

    /// Notes a run that wrote something or failed; any other leaves nothing.
    pub(crate) fn note(&self, tenant: &TenantId, plugin: &Arc<str>, run: Noted<'_>) {
        if run.log.lines.is_empty() && run.fault.is_none() {
            return;
        }
        let mut entry = LogEntry {
            cursor: 0,
            at: SystemTime::now(),
            request_id: Arc::clone(run.request_id),
            version: Arc::clone(run.version),
            point: run.point,
            fault: run.fault.cloned(),
            fuel: run.fuel,
            lines: run.log.lines,
            truncated: run.log.truncated,
        };
        let mut book = self.lock();
        // Under the lock, so that cursors grow within each ring.
        entry.cursor = self.next.fetch_add(1, Ordering::Relaxed);
        book.push((tenant.clone(), Arc::clone(plugin)), entry, &self.limits);
    }

    fn lock(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn push(&mut self, key: Key, entry: LogEntry, limits: &LogLimits) {
        let ring = self.rings.entry(key).or_default();
        let before = ring.bytes;
        ring.bytes += entry.bytes();
        ring.entries.push_back(entry);
        while ring.entries.len() > limits.entries || ring.bytes > limits.plugin_bytes {
            let Some(oldest) = ring.entries.pop_front() else {
                break;
            };
            ring.bytes -= oldest.bytes();
        }
        self.bytes = self.bytes + ring.bytes - before;
        if self.bytes > limits.total_bytes {
            self.shed(limits.total_bytes / 8 * 7);
        }
    }

    /// Forgets the plugins that wrote longest ago until `target` bytes are left. An eighth at a time, so that the
    /// sorting is paid once for many runs.
    fn shed(&mut self, target: usize) {
        let newest = |ring: &Ring| ring.entries.back().map_or(0, |entry| entry.cursor);
        let mut by_age: Vec<(u64, Key)> = self.rings.iter().map(|(key, ring)| (newest(ring), key.clone())).collect();
        by_age.sort_unstable_by_key(|(cursor, _)| *cursor);
        for (_, key) in by_age {
            if self.bytes <= target {
                break;
            }
            if let Some(ring) = self.rings.remove(&key) {
                self.bytes -= ring.bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use fondaco_engine::Code;

    use super::*;

    fn tenant(name: &str) -> TenantId {
        name.parse().unwrap()
    }

    fn book(entries: usize, plugin_bytes: usize, total_bytes: usize) -> LogBook {
        LogBook::new(LogLimits { entries, plugin_bytes, total_bytes })
    }

    fn write(book: &LogBook, who: &str, plugin: &str, lines: &[&str], fault: Option<&Fault>) {
        let log = Log { lines: lines.iter().map(ToString::to_string).collect(), ..Log::default() };
        let text: Arc<str> = "r-1".into();
        let run = Noted { request_id: &text, version: &text, point: Point::Tax, fault, fuel: Fuel(7), log };
        book.note(&tenant(who), &plugin.into(), run);
    }

    fn lines(book: &LogBook, who: &str, plugin: &str) -> Vec<String> {
        book.read(&tenant(who), plugin, 0, usize::MAX).into_iter().flat_map(|entry| entry.lines).collect()
    }

    #[test]
    fn runs_are_kept_in_order_and_apart() {
        let book = book(10, 1 << 20, 1 << 20);
        write(&book, "a", "p", &["one"], None);
        write(&book, "b", "p", &["other"], None);
        write(&book, "a", "p", &["two", "three"], None);
        assert_eq!(lines(&book, "a", "p"), ["one", "two", "three"]);
        assert_eq!(lines(&book, "b", "p"), ["other"]);
        assert_eq!(lines(&book, "a", "q"), [""; 0]);
    }

    #[test]
    fn silent_good_runs_leave_nothing_and_failed_ones_do() {
        let book = book(10, 1 << 20, 1 << 20);
        write(&book, "a", "p", &[], None);
        assert!(book.read(&tenant("a"), "p", 0, 10).is_empty());
        write(&book, "a", "p", &[], Some(&Fault::new(Code::Internal, "TRAP", "it broke")));
        let entries = book.read(&tenant("a"), "p", 0, 10);
        assert_eq!(entries[0].fault.as_ref().unwrap().reason, "TRAP");
    }

    #[test]
    fn a_follower_sees_each_run_once() {
        let book = book(10, 1 << 20, 1 << 20);
        write(&book, "a", "p", &["one"], None);
        write(&book, "a", "p", &["two"], None);
        let seen = book.read(&tenant("a"), "p", 0, 10);
        let after = seen.last().unwrap().cursor;
        assert!(book.read(&tenant("a"), "p", after, 10).is_empty());
        write(&book, "a", "p", &["three"], None);
        assert_eq!(book.read(&tenant("a"), "p", after, 10)[0].lines, ["three"]);
        assert_eq!(book.read(&tenant("a"), "p", 0, 1)[0].lines, ["three"]);
    }

    #[test]
    fn a_plugin_keeps_its_newest_runs() {
        let by_count = book(2, 1 << 20, 1 << 20);
        for line in ["one", "two", "three"] {
            write(&by_count, "a", "p", &[line], None);
        }
        assert_eq!(lines(&by_count, "a", "p"), ["two", "three"]);

        let by_bytes = book(100, 2_000, 1 << 20);
        for line in 0..100 {
            write(&by_bytes, "a", "p", &[&format!("{line:0>200}")], None);
        }
        let kept = lines(&by_bytes, "a", "p");
        assert!((1..10).contains(&kept.len()), "{}", kept.len());
        assert!(kept.last().unwrap().ends_with("99"));
    }

    #[test]
    fn a_noisy_plugin_pushes_out_those_who_wrote_longest_ago_only() {
        let book = book(100, 4_000, 8_000);
        write(&book, "old", "p", &[&"x".repeat(3_000)], None);
        for _ in 0..50 {
            write(&book, "a", "p", &[&"x".repeat(500)], None);
            write(&book, "b", "p", &[&"x".repeat(500)], None);
        }
        assert!(book.lock().bytes <= 8_000);
        assert!(lines(&book, "old", "p").is_empty());
        assert!(!lines(&book, "a", "p").is_empty());
        let counted: usize = book.lock().rings.values().map(|ring| ring.bytes).sum();
        assert_eq!(counted, book.lock().bytes);
    }
}
