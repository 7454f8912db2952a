//! Goods and prices in rows: what `fondaco import` and `export` and the demo do, by the services' public routes.
//!
//! A file of any size goes in chunks, each a unit of work of its own. A broken import is simply begun again: what was
//! taken before is unchanged then.

mod chunks;
mod export;
mod import;

pub(crate) use chunks::{Chunk, Chunks};
pub(crate) use export::export;
pub(crate) use import::{Import, Outcome, RowReport, Tally};

use std::path::Path;

use crate::cli::RowFormat;
use crate::failure::Failure;

impl RowFormat {
    /// As services call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Jsonl => "json-lines",
        }
    }

    /// The format that was asked for, or that of the file's name.
    pub(crate) fn of(asked: Option<Self>, file: &Path) -> Result<Self, Failure> {
        let by_name = || match file.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            _ => None,
        };
        asked.or_else(by_name).ok_or_else(|| {
            Failure::Usage(format!("{}: say --format csv or --format jsonl, as its name does not", file.display()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_is_asked_for_or_named() {
        let of = |asked, file: &str| RowFormat::of(asked, Path::new(file)).ok();
        assert_eq!(of(None, "a/goods.CSV"), Some(RowFormat::Csv));
        assert_eq!(of(None, "goods.jsonl"), Some(RowFormat::Jsonl));
        assert_eq!(of(Some(RowFormat::Csv), "goods.jsonl"), Some(RowFormat::Csv));
        assert_eq!((of(None, "-"), of(None, "goods.txt")), (None, None));
    }
}
