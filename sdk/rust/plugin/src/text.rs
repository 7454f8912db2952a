//! Text without `core::fmt`, which is two kilobytes of a small component.

/// The parts, one behind the other. `[_]::concat` is four times its size in a component.
#[inline(never)]
pub(crate) fn join(parts: &[&str]) -> String {
    let mut text = String::new();
    for part in parts {
        text.push_str(part);
    }
    text
}

/// A number in digits.
#[inline(never)]
pub(crate) fn digits(mut number: u64) -> String {
    let mut reversed = Vec::new();
    loop {
        // A remainder of ten always fits.
        reversed.push(b'0' + (number % 10) as u8);
        number /= 10;
        if number == 0 {
            return reversed.iter().rev().map(|&digit| char::from(digit)).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_numbers() {
        for number in [0, 7, 10, 90_210, u64::MAX] {
            assert_eq!(digits(number), number.to_string());
        }
        assert_eq!(join(&["a", "", "bc"]), "abc");
    }
}
