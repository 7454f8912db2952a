//! A job: a function of a service, and when it runs.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use fondaco_engine::TenantId;

use crate::timetable::Timetable;

/// The function that runs, which is the job's name too: `chores.sweep`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobName(Arc<str>);

/// Not the name of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidJobName(String);

impl fmt::Display for InvalidJobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is not a function; expected `<interface>.<function>`, for instance `chores.sweep`", self.0)
    }
}

impl std::error::Error for InvalidJobName {}

impl JobName {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Interface and function.
    pub fn parts(&self) -> (&str, &str) {
        self.0.split_once('.').unwrap_or((&self.0, ""))
    }
}

impl FromStr for JobName {
    type Err = InvalidJobName;

    fn from_str(text: &str) -> Result<Self, InvalidJobName> {
        let is_word = |word: &str| {
            let inside = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            (1..=63).contains(&word.len()) && word.bytes().all(inside)
        };
        match text.split_once('.') {
            Some((interface, function)) if is_word(interface) && is_word(function) => Ok(Self(text.into())),
            _ => Err(InvalidJobName(text.chars().take(80).collect())),
        }
    }
}

impl fmt::Display for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobName({self})")
    }
}

/// A function of a service, and when it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its name.
    pub name: JobName,
    /// When it is due.
    pub timetable: Timetable,
    /// Whether a due time that passed while no host was there is made up for.
    pub catch_up: bool,
    /// Tenants begin within so long after a due time, each at its own moment.
    pub spread: Duration,
    /// The longest that one run may take.
    pub timeout: Duration,
}

impl Job {
    /// How long after a due time a tenant begins: always the same for the same tenant, evenly spread among all.
    pub fn offset_ms(&self, tenant: &TenantId) -> i64 {
        let spread = u64::try_from(self.spread.as_millis()).unwrap_or(u64::MAX);
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.name.as_str().as_bytes()).update(b"/").update(tenant.as_str().as_bytes());
        let [a, b, c, d, ..] = *hasher.finalize().as_bytes();
        let number = u64::from(u32::from_be_bytes([a, b, c, d]));
        i64::try_from(number.checked_rem(spread).unwrap_or(0)).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_of_functions() {
        let name: JobName = "chores.sweep-all".parse().unwrap();
        assert_eq!(name.parts(), ("chores", "sweep-all"));
        for bad in ["", "sweep", ".sweep", "chores.", "a.b.c", "A.b", "a b.c"] {
            assert!(bad.parse::<JobName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn tenants_spread_evenly() {
        let spread = |seconds| Job {
            name: "chores.sweep".parse().unwrap(),
            timetable: Timetable::parse("@daily", "UTC").unwrap(),
            catch_up: true,
            spread: Duration::from_secs(seconds),
            timeout: Duration::from_secs(1),
        };
        let tenants: Vec<TenantId> = (0..1_000).map(|at| format!("t{at}").parse().unwrap()).collect();
        assert!(tenants.iter().all(|tenant| spread(0).offset_ms(tenant) == 0));
        let minute = spread(60);
        let mut halves = [0; 2];
        for tenant in &tenants {
            let offset = minute.offset_ms(tenant);
            assert!((0..60_000).contains(&offset));
            assert_eq!(offset, minute.offset_ms(tenant));
            halves[usize::from(offset >= 30_000)] += 1;
        }
        assert!(halves.iter().all(|half| (400..=600).contains(half)), "{halves:?}");
    }
}
