//! What is typed of goods: quotes of a file or of skus, and bringing goods in and out.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct Quote {
    /// The cart as JSON; - reads it from standard input
    #[arg(required_unless_present = "skus")]
    pub(crate) file: Option<PathBuf>,
    /// Instead of a file: so many of a sku (1 where left out), by catalog and price book; may be given again
    #[arg(long = "sku", value_name = "SKU[=QUANTITY]", conflicts_with = "file")]
    pub(crate) skus: Vec<SkuLine>,
    /// With --sku: currency
    #[arg(long, value_name = "CODE", default_value = "EUR")]
    pub(crate) currency: String,
    /// With --sku: channel [default: web]
    #[arg(long, requires = "skus", conflicts_with = "file")]
    pub(crate) channel: Option<String>,
    /// With --sku: the buyer's country
    #[arg(long, value_name = "CODE", requires = "skus", conflicts_with = "file")]
    pub(crate) country: Option<String>,
    /// With --sku: a customer group that the buyer is in; may be given again
    #[arg(long = "group", value_name = "GROUP", requires = "skus", conflicts_with = "file")]
    pub(crate) groups: Vec<String>,
    /// Show offers that lost, reasons, and plugins with their fuel
    #[arg(long)]
    pub(crate) explain: bool,
}

/// `mug-blue=12`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SkuLine {
    pub(crate) sku: String,
    pub(crate) quantity: u32,
}

impl FromStr for SkuLine {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (sku, quantity) = match text.rsplit_once('=') {
            None => (text, Ok(1)),
            Some((sku, quantity)) => (sku, quantity.parse()),
        };
        match quantity {
            Ok(quantity) if !sku.is_empty() => Ok(Self { sku: sku.to_owned(), quantity }),
            _ => Err("expected a sku and a quantity, such as mug-blue=12".to_owned()),
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// What the rows are
    #[arg(value_enum)]
    pub(crate) stock: Stock,
    /// The rows; - reads them from standard input
    pub(crate) file: PathBuf,
    /// How they are written [default: by the file's name, which ends in .csv or .jsonl]
    #[arg(long, value_enum)]
    pub(crate) format: Option<RowFormat>,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    /// What to write
    #[arg(value_enum)]
    pub(crate) stock: Stock,
    /// Where to; - writes to standard output
    #[arg(default_value = "-")]
    pub(crate) file: PathBuf,
    /// How [default: by the file's name, which ends in .csv or .jsonl; csv to standard output]
    #[arg(long, value_enum)]
    pub(crate) format: Option<RowFormat>,
}

/// What comes and goes in rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Stock {
    /// Products and their variants, a row a variant
    Catalog,
    /// Prices, a row a price
    PriceBook,
}

impl Stock {
    /// The service that has it.
    pub(crate) const fn service(self) -> &'static str {
        match self {
            Self::Catalog => "catalog",
            Self::PriceBook => "price-book",
        }
    }
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RowFormat {
    /// Comma-separated, with a header
    Csv,
    /// A JSON object a line
    Jsonl,
}
