//! When a job is due: a cron pattern in a time zone. Plain data, and no clock.

use std::fmt;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A cron pattern of five fields in a time zone.
///
/// What a clock that is put forward or back does is croner's to say, as Vixie's cron: a fixed time (`30 2 * * *`) that
/// the clock leaps over is due right after the leap, and once where the clock passes it twice; an interval
/// (`*/5 * * * *`) is due whenever the clock shows it.
#[derive(Clone)]
pub struct Timetable {
    cron: Cron,
    zone: TimeZone,
    text: String,
}

/// Why a text is no timetable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InvalidTimetable {
    /// The pattern: why not.
    Cron(String),
    /// The zone.
    Zone(String),
}

impl fmt::Display for InvalidTimetable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cron(why) => write!(
                f,
                "{why} Expected five fields (minute, hour, day of month, month, day of week), for instance `0 3 * * *`"
            ),
            Self::Zone(zone) => write!(
                f,
                "{zone:?} is not a time zone; expected a name of the IANA database, for instance `Europe/Berlin` or `UTC`"
            ),
        }
    }
}

impl std::error::Error for InvalidTimetable {}

/// Characters of a pattern, and of a zone's name, at most.
const LONGEST: usize = 100;

impl Timetable {
    /// Reads a pattern and a zone's name. A pattern that no day will ever match (30 February) is none.
    pub fn parse(cron: &str, zone: &str) -> Result<Self, InvalidTimetable> {
        if zone.len() > LONGEST {
            return Err(InvalidTimetable::Zone(zone.chars().take(LONGEST).collect()));
        }
        let place = TimeZone::get(zone).map_err(|_| InvalidTimetable::Zone(zone.to_owned()))?;
        if cron.len() > LONGEST {
            return Err(InvalidTimetable::Cron(format!("A pattern has {LONGEST} characters at most.")));
        }
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let parsed = parser.parse(cron).map_err(|error| InvalidTimetable::Cron(sentence(&error.to_string())))?;
        let timetable = Self { cron: parsed, zone: place, text: format!("{cron} {zone}") };
        // 2000 was a leap year with a leap day, and the search goes on for many years.
        match timetable.next_after(946_684_800_000) {
            Some(_) => Ok(timetable),
            None => Err(InvalidTimetable::Cron(format!("`{cron}` is never due."))),
        }
    }

    /// The newest due time at or before a moment; both in ms since 1970. None where there was none for years.
    pub fn latest(&self, now_ms: i64) -> Option<i64> {
        let now = Timestamp::from_millisecond(now_ms).ok()?.to_zoned(self.zone.clone());
        let due = self.cron.find_previous_occurrence(&now, true).ok()?;
        Some(due.timestamp().as_millisecond())
    }

    /// The first due time after a moment.
    pub fn next_after(&self, now_ms: i64) -> Option<i64> {
        let now = Timestamp::from_millisecond(now_ms).ok()?.to_zoned(self.zone.clone());
        let due = self.cron.find_next_occurrence(&now, false).ok()?;
        Some(due.timestamp().as_millisecond())
    }

    /// Pattern and zone as one text: `0 3 * * * UTC`.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Timetable {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl fmt::Debug for Timetable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Timetable({})", self.text)
    }
}

fn sentence(text: &str) -> String {
    let text = text.trim_end_matches('.');
    format!("{text}.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    fn shown(ms: Option<i64>) -> String {
        ms.map_or_else(|| "none".to_owned(), |ms| Timestamp::from_millisecond(ms).unwrap().to_string())
    }

    #[test]
    fn the_newest_and_the_next_due_time() {
        let cases = [
            ("0 3 * * *", "UTC", "2026-06-01T12:00:00Z", "2026-06-01T03:00:00Z", "2026-06-02T03:00:00Z"),
            ("0 3 * * *", "UTC", "2026-06-01T03:00:00Z", "2026-06-01T03:00:00Z", "2026-06-02T03:00:00Z"),
            ("0 3 * * *", "UTC", "2026-06-01T02:59:59.999Z", "2026-05-31T03:00:00Z", "2026-06-01T03:00:00Z"),
            ("0 3 * * *", "Europe/Berlin", "2026-06-01T12:00:00Z", "2026-06-01T01:00:00Z", "2026-06-02T01:00:00Z"),
            ("*/15 * * * *", "UTC", "2026-06-01T12:16:30Z", "2026-06-01T12:15:00Z", "2026-06-01T12:30:00Z"),
            ("0 9 * * MON", "UTC", "2026-06-03T00:00:00Z", "2026-06-01T09:00:00Z", "2026-06-08T09:00:00Z"),
            ("@hourly", "UTC", "2026-06-01T12:16:30Z", "2026-06-01T12:00:00Z", "2026-06-01T13:00:00Z"),
            ("0 0 29 2 *", "UTC", "2026-06-01T00:00:00Z", "2024-02-29T00:00:00Z", "2028-02-29T00:00:00Z"),
            // The clock leaps from 2 to 3 on 2026-03-29: right after the leap, which is at 1 UTC.
            ("30 2 * * *", "Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"),
            // It shows 2:30 twice on 2026-10-25: the first one counts.
            ("30 2 * * *", "Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"),
            // An interval is due in both.
            ("*/30 * * * *", "Europe/Berlin", "2026-10-25T01:29:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z"),
        ];
        for (cron, zone, now, latest, next) in cases {
            let timetable = Timetable::parse(cron, zone).unwrap();
            assert_eq!(shown(timetable.latest(at(now))), latest, "{cron} {zone} at {now}");
            assert_eq!(shown(timetable.next_after(at(now))), next, "{cron} {zone} after {now}");
        }
    }

    #[test]
    fn what_is_no_timetable_is_said_so() {
        let long = "0 ".repeat(60);
        for (cron, zone, says) in [
            ("", "UTC", "five fields"),
            ("0 3 * *", "UTC", "five fields"),
            ("0 0 3 * * *", "UTC", "five fields"),
            ("60 3 * * *", "UTC", "five fields"),
            ("daily", "UTC", "five fields"),
            (&long, "UTC", "100 characters"),
            ("0 0 30 2 *", "UTC", "never due"),
            ("0 3 * * *", "Mars/Olympus", "not a time zone"),
            ("0 3 * * *", "", "not a time zone"),
        ] {
            let error = Timetable::parse(cron, zone).unwrap_err().to_string();
            assert!(error.contains(says), "{cron:?} {zone:?}: {error}");
        }
    }
}
