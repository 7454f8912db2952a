//! What commands print: tables for people, JSON for programs, colours on a terminal only.

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use crate::failure::Failure;

const BOLD: Style = Style::new().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const GREEN: Style = AnsiColor::Green.on_default();
const DIM: Style = Style::new().dimmed();

/// Where answers go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
    /// Standard output is a terminal that wants colours.
    colour: bool,
    /// Standard error is.
    error_colour: bool,
}

impl Output {
    /// For people, without colours.
    #[cfg(test)]
    pub(crate) const PLAIN: Self = Self { json: false, colour: false, error_colour: false };

    pub(crate) fn new(json: bool) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        let terminal = |is_terminal: bool| wanted && is_terminal;
        Self {
            json,
            colour: terminal(std::io::stdout().is_terminal()),
            error_colour: terminal(std::io::stderr().is_terminal()),
        }
    }

    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// The answer as JSON, or what `people` makes of it.
    pub(crate) fn answer<T: Serialize>(
        self,
        answer: &T,
        people: impl FnOnce(Self, &T) -> String,
    ) -> Result<(), Failure> {
        let text = if self.json {
            serde_json::to_string_pretty(answer).map_err(anyhow::Error::from)?
        } else {
            people(self, answer)
        };
        line(text)
    }

    /// A word for people on the side; never part of the answer.
    pub(crate) fn note(self, text: impl Display) {
        if !self.json {
            let _closed = writeln!(std::io::stderr().lock(), "{text}");
        }
    }

    pub(crate) fn failure(self, failure: &Failure) {
        let mut errors = std::io::stderr().lock();
        let _closed = if self.json {
            writeln!(errors, "{}", failure.to_json())
        } else {
            writeln!(errors, "{} {failure}", paint(self.error_colour, RED, "error:"))
        };
    }

    pub(crate) fn good(self, text: &str) -> String {
        paint(self.colour, GREEN, text)
    }

    pub(crate) fn bad(self, text: &str) -> String {
        paint(self.colour, RED, text)
    }

    pub(crate) fn strong(self, text: &str) -> String {
        paint(self.colour, BOLD, text)
    }

    pub(crate) fn faint(self, text: &str) -> String {
        paint(self.colour, DIM, text)
    }

    /// A spinner on standard error while something takes its time; nothing where nobody watches.
    pub(crate) fn progress(self, what: String) -> ProgressBar {
        if self.json || !std::io::stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message(what);
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
    }

    /// A bar on standard error that fills up; nothing where nobody watches. Without a length it counts.
    pub(crate) fn bar(self, what: String, length: Option<u64>) -> ProgressBar {
        let bar = self.progress(what);
        if let Some(length) = length
            && !bar.is_hidden()
            && let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {wide_bar} {percent:>3}% {elapsed}")
        {
            bar.set_length(length);
            bar.set_style(style);
        }
        bar
    }

    /// Rows under a heading. Columns whose heading starts with `>` are aligned to the right.
    pub(crate) fn table(self, headings: &[&str], rows: Vec<Vec<String>>) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(headings.iter().map(|heading| heading.trim_start_matches('>').to_owned()));
        table.add_rows(rows);
        for (column, heading) in table.column_iter_mut().zip(headings) {
            column.set_padding((0, 2));
            if heading.starts_with('>') {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let mut lines = table.lines().map(|line| line.trim_end().to_owned());
        let heading = lines.next().map(|heading| self.strong(&heading)).unwrap_or_default();
        std::iter::once(heading).chain(lines).collect::<Vec<_>>().join("\n")
    }
}

/// One line to standard output. A closed pipe ends the command quietly, as `head` expects.
pub(crate) fn line(text: impl Display) -> Result<(), Failure> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(anyhow::Error::from(error).into()),
        _ => Ok(()),
    }
}

fn paint(wanted: bool, style: Style, text: &str) -> String {
    if wanted { format!("{style}{text}{style:#}") } else { text.to_owned() }
}

/// `2026-03-01 12:00:05`, in UTC: logs and audits are compared across machines.
pub(crate) fn time(ms: i64) -> String {
    match jiff::Timestamp::from_millisecond(ms) {
        Ok(at) => at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        Err(_out_of_range) => ms.to_string(),
    }
}

/// `41.2 kB`
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{}.{} kB", bytes / 1_000, bytes % 1_000 / 100),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn tables_are_plain_where_there_is_no_terminal() {
        let rows = vec![vec!["volume-tiers".to_owned(), "7".to_owned()], vec!["vat".to_owned(), "1234".to_owned()]];
        insta::assert_snapshot!(Output::PLAIN.table(&["NAME", ">FUEL"], rows), @r"
        NAME          FUEL
        volume-tiers     7
        vat           1234
        ");
    }

    #[test]
    fn colours_come_and_go_with_the_terminal() {
        assert_eq!(Output::PLAIN.bad("x"), "x");
        assert!(Output { colour: true, ..Output::PLAIN }.bad("x").contains("\u{1b}["));
    }

    #[test]
    fn sizes_and_times_are_short() {
        assert_eq!((size(12).as_str(), size(41_250).as_str(), size(3_360_000).as_str()), ("12 B", "41.2 kB", "3.3 MB"));
        assert_eq!(time(1_767_225_600_000), "2026-01-01 00:00:00");
    }
}
