//! `fondaco quote`: price a cart and read the answer.

mod priced;
mod text;

use std::io::Read;
use std::path::Path;

use serde_json::Value;

use crate::cli::{self, Common};
use crate::client::{Client, Need};
use crate::failure::Failure;
use crate::output::{self, Output};

use priced::PricedCart;

pub(crate) async fn run(common: &Common, wanted: &cli::Quote, output: Output) -> Result<(), Failure> {
    let cart = read(&wanted.file)?;
    let client = Client::new(common, Need::Tenant)?;
    let (answer, _): (Value, bool) = client.upload(&["v1", "pricing", "quotes"], &[], "application/json", cart).await?;
    if output.is_json() {
        return output.answer(&answer, |_, _| String::new());
    }
    let priced: PricedCart = serde_json::from_value(answer)
        .map_err(|error| Failure::Other(anyhow::anyhow!("the host's quote is not understood: {error}; try --json")))?;
    output::line(text::of(output, &priced, wanted.explain))
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map_err(anyhow::Error::from)?;
        return Ok(bytes);
    }
    std::fs::read(file).map_err(|error| Failure::Local(format!("{}: {error}", file.display())))
}
