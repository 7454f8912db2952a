//! `NUMERIC`: what `sum` of a `BIGINT` is, and `avg`. Digits of base 10,000, of which `weight + 1` stand before the
//! point: <https://github.com/postgres/postgres/blob/master/src/backend/utils/adt/numeric.c>, `numeric_send`.

use crate::Value;

const BASE: i128 = 10_000;
const NEGATIVE: u16 = 0x4000;

/// A number without places behind the point is an integer, where it fits; every other is a real one. That is what
/// SQLite has for `sum` and `avg`.
pub(super) fn read(bytes: &[u8]) -> Option<Value> {
    let mut words = bytes.chunks_exact(2).filter_map(|pair| Some(u16::from_be_bytes(pair.try_into().ok()?)));
    let (count, weight, sign, scale) = (words.next()?, words.next()?, words.next()?, words.next()?);
    if !matches!(sign, 0 | NEGATIVE) {
        // NaN and the infinities.
        return None;
    }
    let weight = i32::from(i16::from_be_bytes(weight.to_be_bytes()));
    let digits: Vec<u16> = words.take(usize::from(count)).collect();
    let negative = sign == NEGATIVE;
    if scale == 0 && weight < 6 {
        let mut integer: i128 = 0;
        for place in 0..=weight {
            let digit = usize::try_from(place).ok().and_then(|place| digits.get(place)).copied().unwrap_or(0);
            integer = integer * BASE + i128::from(digit);
        }
        if let Ok(integer) = i64::try_from(if negative { -integer } else { integer }) {
            return Some(Value::Integer(integer));
        }
    }
    // By its decimal form, so that it is rounded once.
    let mut text = String::from(if negative { "-0." } else { "0." });
    text.extend(digits.iter().map(|digit| format!("{digit:04}")));
    text.extend([format!("e{}", (weight + 1) * 4)]);
    text.parse().ok().filter(|real: &f64| real.is_finite()).map(Value::Real)
}

pub(super) fn write(value: i64, buffer: &mut Vec<u8>) {
    let mut digits = Vec::new();
    let mut rest = value.unsigned_abs();
    while rest > 0 {
        // Less than the base.
        digits.push(u16::try_from(rest % 10_000).unwrap_or_default());
        rest /= 10_000;
    }
    let count = u16::try_from(digits.len()).unwrap_or_default();
    let sign = if value < 0 { NEGATIVE } else { 0 };
    for word in [count, count.saturating_sub(1), sign, 0] {
        buffer.extend(word.to_be_bytes());
    }
    for digit in digits.iter().rev() {
        buffer.extend(digit.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_go_there_and_back() {
        for value in [0, 1, -1, 9_999, 10_000, -10_000, 123_456_789, i64::MAX, i64::MIN] {
            let mut buffer = Vec::new();
            write(value, &mut buffer);
            assert_eq!(read(&buffer), Some(Value::Integer(value)));
        }
    }

    #[test]
    fn fractions_are_real() {
        let words = |words: &[u16]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<_>>();
        // 1.5 with 16 places, -0.0001, 10,000,000,000,000,000,000,000 (trailing zeros are left out), NaN.
        assert_eq!(read(&words(&[2, 0, 0, 16, 1, 5_000])), Some(Value::Real(1.5)));
        assert_eq!(read(&words(&[1, 0xffff, NEGATIVE, 4, 1])), Some(Value::Real(-0.0001)));
        assert_eq!(read(&words(&[1, 5, 0, 0, 100])), Some(Value::Real(1e22)));
        assert_eq!(read(&words(&[1, 2, 0, 0, 3])), Some(Value::Integer(300_000_000)));
        assert_eq!(read(&words(&[0, 0, 0xc000, 0])), None);
        assert_eq!(read(&[0, 1]), None);
    }
}
