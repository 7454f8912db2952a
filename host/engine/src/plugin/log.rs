//! What a plugin writes to standard output and standard error.

use super::Limits;

/// What a plugin wrote, in lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Log {
    /// The lines, without their ends.
    pub lines: Vec<String>,
    /// Whether it wrote more than is kept.
    pub truncated: bool,
}

/// Takes bytes in while a plugin runs. Costs nothing until something is written.
#[derive(Debug)]
pub(super) struct LogBuffer {
    bytes: Vec<u8>,
    bytes_left: usize,
    lines_left: usize,
    truncated: bool,
}

impl LogBuffer {
    pub(super) fn new(limits: &Limits) -> Self {
        let (bytes_left, lines_left) = (limits.log_bytes, limits.log_lines);
        Self { bytes: Vec::new(), bytes_left, lines_left, truncated: false }
    }

    /// Keeps as much of `text` as there is room for.
    pub(super) fn write(&mut self, text: &[u8]) {
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            if self.lines_left == 0 || self.bytes_left == 0 {
                self.truncated = true;
                return;
            }
            let fits = line.get(..self.bytes_left).unwrap_or(line);
            self.truncated |= fits.len() < line.len();
            self.bytes_left -= fits.len();
            self.lines_left -= usize::from(line.ends_with(b"\n"));
            self.bytes.extend_from_slice(fits);
        }
    }

    /// What the plugin said last: a panic's message where there is one, otherwise the last line that is not empty.
    pub(super) fn last_words(&self) -> Option<String> {
        let text = String::from_utf8_lossy(&self.bytes);
        let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        let panic = lines.iter().rposition(|line| line.contains("panicked at"));
        let words = match panic.and_then(|at| lines.get(at..)) {
            // `thread '…' panicked at src/lib.rs:1:2:` and the message on the next line.
            Some([place, message, ..]) if place.ends_with(':') => format!("{place} {message}"),
            Some([place, ..]) => (*place).to_owned(),
            _ => (*lines.last()?).to_owned(),
        };
        Some(words)
    }

    pub(super) fn into_log(self) -> Log {
        if self.bytes.is_empty() {
            return Log { lines: Vec::new(), truncated: self.truncated };
        }
        let lines = String::from_utf8_lossy(&self.bytes).lines().map(str::to_owned).collect();
        Log { lines, truncated: self.truncated }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn log(log_bytes: usize, log_lines: usize, writes: &[&str]) -> Log {
        let mut buffer = LogBuffer::new(&Limits { log_bytes, log_lines, ..Limits::default() });
        for text in writes {
            buffer.write(text.as_bytes());
        }
        buffer.into_log()
    }

    #[test]
    fn writes_become_lines() {
        assert_eq!(log(100, 10, &["a", "b\nc", "\n\nd"]).lines, ["ab", "c", "", "d"]);
    }

    #[test]
    fn what_is_too_much_is_cut_and_said_so() {
        assert_eq!(log(4, 10, &["abc\n", "def\n"]), Log { lines: vec!["abc".into()], truncated: true });
        assert_eq!(log(5, 10, &["abc\n", "def\n"]), Log { lines: vec!["abc".into(), "d".into()], truncated: true });
        assert_eq!(log(100, 2, &["a\nb\nc\n"]), Log { lines: vec!["a".into(), "b".into()], truncated: true });
        assert!(!log(4, 1, &["abc\n"]).truncated);
    }

    #[test]
    fn last_words_are_the_panic() {
        for (text, expected) in [
            ("hello\n\n", "hello"),
            (
                "x\nthread 'main' panicked at src/lib.rs:1:2:\nno tier\nnote: run with …\n",
                "thread 'main' panicked at src/lib.rs:1:2: no tier",
            ),
            ("panicked at src/lib.rs:1:2: no tier", "panicked at src/lib.rs:1:2: no tier"),
        ] {
            let mut buffer = LogBuffer::new(&Limits::default());
            buffer.write(text.as_bytes());
            assert_eq!(buffer.last_words().unwrap(), expected);
        }
        assert_eq!(LogBuffer::new(&Limits::default()).last_words(), None);
    }
}
