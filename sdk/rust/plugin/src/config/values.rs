//! How plain values are read.

use super::{Config, Json, Problem, Reading, once};
use crate::{Decimal, Money, text::digits};

impl Config for () {
    /// A plugin without config takes an empty object.
    fn read(json: &mut Json<'_>) -> Reading<Self> {
        json.object(&[], &mut |_, _| Ok(()))
    }
}

impl Config for bool {
    fn read(json: &mut Json<'_>) -> Reading<Self> {
        json.boolean()
    }
}

impl Config for String {
    fn read(json: &mut Json<'_>) -> Reading<Self> {
        json.string()
    }
}

impl<T: Config> Config for Option<T> {
    fn read(json: &mut Json<'_>) -> Reading<Self> {
        if json.null() { Ok(None) } else { T::read(json).map(Some) }
    }

    fn absent() -> Option<Self> {
        Some(None)
    }
}

impl<T: Config> Config for Vec<T> {
    fn read(json: &mut Json<'_>) -> Reading<Self> {
        let mut items = Self::new();
        json.array(&mut |json| {
            items.push(T::read(json)?);
            Ok(())
        })?;
        Ok(items)
    }
}

/// An object whose keys are data: `{"DE": 19, "FR": 20}`. In the order in which they came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Map<T>(pub Vec<(String, T)>);

impl<T> Map<T> {
    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&T> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }
}

impl<T> Default for Map<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: Config> Config for Map<T> {
    fn read(json: &mut Json<'_>) -> Reading<Self> {
        let mut map = Self::default();
        json.entries(&mut |json, key| {
            once(map.get(key).is_some())?;
            let value = T::read(json)?;
            map.0.push((key.into(), value));
            Ok(())
        })?;
        Ok(map)
    }
}

/// A whole number within bounds, as sign and magnitude.
#[inline(never)]
fn integer(json: &mut Json<'_>, least: i64, most: u64) -> Reading<(bool, u64)> {
    let token = json.number("a whole number")?;
    let (negative, digits) = match token.as_bytes() {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let bound = if negative { least.unsigned_abs() } else { most };
    match magnitude(digits) {
        Some(magnitude) if magnitude <= bound => Ok((negative, magnitude)),
        _ => out_of_bounds(&token, least, most),
    }
}

fn magnitude(text: &[u8]) -> Option<u64> {
    let mut magnitude: u64 = 0;
    for &byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        magnitude = magnitude.checked_mul(10)?.checked_add(u64::from(digit))?;
    }
    (!text.is_empty()).then_some(magnitude)
}

#[cold]
#[inline(never)]
fn out_of_bounds(token: &str, least: i64, most: u64) -> Reading<(bool, u64)> {
    let sign = if least < 0 { "-" } else { "" };
    let (least, most) = (digits(least.unsigned_abs()), digits(most));
    Err(Problem::new(&["expected a whole number from ", sign, &least, " to ", &most, ", found ", token]))
}

macro_rules! integers {
    ($($type:ident),*) => {$(
        impl Config for $type {
            #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, clippy::cast_lossless, clippy::cast_sign_loss)]
            fn read(json: &mut Json<'_>) -> Reading<Self> {
                // `integer` keeps to the bounds, so that nothing is lost here.
                let (negative, magnitude) = integer(json, $type::MIN as i64, $type::MAX as u64)?;
                let value = magnitude as $type;
                Ok(if negative { (0 as $type).wrapping_sub(value) } else { value })
            }
        }
    )*};
}
integers!(u8, u16, u32, u64, i16, i32, i64);

impl Config for Decimal {
    fn read(json: &mut Json<'_>) -> Reading<Self> {
        let token = json.number("a decimal")?;
        token
            .parse::<fondaco_commerce::decimal::Decimal>()
            .map(Into::into)
            .map_err(|_| Problem::new(&["expected a decimal such as 12.5, found ", &token]))
    }
}

/// So many percent, 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percent(pub Decimal);

impl Config for Percent {
    fn read(json: &mut Json<'_>) -> Reading<Self> {
        let decimal = Decimal::read(json)?;
        // In whole percent and a rest: in 64 bits, because 128 are a kilobyte of library here.
        let one = 10_i64.saturating_pow(u32::from(decimal.scale));
        let whole = decimal.coefficient.checked_div(one).unwrap_or(-1);
        let rest = decimal.coefficient.checked_rem(one).unwrap_or(-1);
        if !(0..=100).contains(&whole) || rest < 0 || (whole == 100 && rest > 0) {
            return Err(Problem::new(&["expected percent, from 0 to 100"]));
        }
        Ok(Self(decimal))
    }
}

impl Config for Money {
    fn read(json: &mut Json<'_>) -> Reading<Self> {
        let (mut minor, mut currency) = (None, None);
        json.object(&["minor", "currency"], &mut |json, index| match index {
            0 => super::read_into(json, &mut minor),
            _ => super::read_into(json, &mut currency),
        })?;
        Ok(Self { minor: super::field(minor, "minor")?, currency: super::field(currency, "currency")? })
    }
}

/// A moment: `2026-11-27T00:00:00Z`, or with an offset, `2026-11-27T00:00:00+01:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp {
    /// Milliseconds since 1970-01-01T00:00:00Z, as in `context.now-ms`.
    pub ms: u64,
}

impl Config for Timestamp {
    fn read(json: &mut Json<'_>) -> Reading<Self> {
        let text = json.string()?;
        moment(text.as_bytes())
            .map(|ms| Self { ms })
            .ok_or_else(|| Problem::new(&["expected a time such as 2026-11-27T00:00:00Z, found \"", &text, "\""]))
    }
}

/// RFC 3339 without fractions of a second, since 1970.
fn moment(text: &[u8]) -> Option<u64> {
    let (stamp, zone) = text.split_at_checked(19)?;
    let (date, time) = stamp.split_at_checked(10)?;
    let (year, month, day) = (number(date.get(..4)?)?, number(date.get(5..7)?)?, number(date.get(8..)?)?);
    let (hour, minute, second) = (number(time.get(1..3)?)?, number(time.get(4..6)?)?, number(time.get(7..)?)?);
    let joints = [*date.get(4)?, *date.get(7)?, *time.first()?, *time.get(3)?, *time.get(6)?];
    let in_bounds = (1..=12).contains(&month)
        && day >= 1
        && day <= month_days(year, month)
        && hour < 24
        && minute < 60
        && second < 60;
    if joints != *b"--T::" || !in_bounds {
        return None;
    }
    let seconds = days_from_epoch(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset(zone)? * 60;
    u64::try_from(seconds).ok()?.checked_mul(1_000)
}

/// Minutes to the east of UTC.
fn offset(zone: &[u8]) -> Option<i64> {
    match zone {
        b"Z" => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let minutes = number(&[*h1, *h2])? * 60 + number(&[*m1, *m2])?;
            Some(if *sign == b'-' { -minutes } else { minutes })
        }
        _ => None,
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0')))
}

fn month_days(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the Gregorian calendar (Howard Hinnant's `days_from_civil`, for years from 0).
fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}
