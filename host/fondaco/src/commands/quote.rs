//! `fondaco quote`: price a cart and read the answer.

mod priced;
mod text;

use std::io::Read;
use std::path::Path;

use serde_json::{Value, json};

use crate::cli::{self, Common};
use crate::client::{Client, Need};
use crate::failure::Failure;
use crate::output::{self, Output};

use priced::PricedCart;

pub(crate) async fn run(common: &Common, wanted: &cli::Quote, output: Output) -> Result<(), Failure> {
    let cart = match &wanted.file {
        Some(file) => read(file)?,
        None => by_sku(wanted).to_string().into_bytes(),
    };
    let client = Client::new(common, Need::Tenant)?;
    let (answer, _): (Value, bool) = client.upload(&["v1", "pricing", "quotes"], &[], "application/json", cart).await?;
    if output.is_json() {
        return output.answer(&answer, |_, _| String::new());
    }
    let priced: PricedCart = serde_json::from_value(answer)
        .map_err(|error| Failure::Other(anyhow::anyhow!("the host's quote is not understood: {error}; try --json")))?;
    output::line(text::of(output, &priced, wanted.explain))
}

/// A cart of nothing but skus.
fn by_sku(wanted: &cli::Quote) -> Value {
    let line = |line: &cli::SkuLine| json!({ "sku": line.sku, "quantity": line.quantity });
    let lines: Vec<Value> = wanted.skus.iter().map(line).collect();
    let buyer = (!wanted.groups.is_empty()).then(|| json!({ "id": "fondaco-quote", "groups": wanted.groups }));
    let said = [
        ("currency", Some(json!(wanted.currency))),
        ("channel", wanted.channel.as_ref().map(|channel| json!(channel))),
        ("country", wanted.country.as_ref().map(|country| json!(country))),
        ("buyer", buyer),
        ("lines", Some(json!(lines))),
    ];
    said.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes).map_err(anyhow::Error::from)?;
        return Ok(bytes);
    }
    std::fs::read(file).map_err(|error| Failure::Local(format!("{}: {error}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[test]
    fn a_cart_of_skus_says_no_more_than_was_typed() {
        let parse = |arguments: &str| {
            let typed = ["fondaco", "quote"].into_iter().chain(arguments.split(' '));
            match cli::Cli::parse_from(typed).command {
                cli::Command::Quote(quote) => by_sku(&quote),
                other => panic!("{other:?}"),
            }
        };
        let plain = json!({ "currency": "EUR", "lines": [{ "sku": "mug", "quantity": 1 }] });
        assert_eq!(parse("--sku mug"), plain);
        let whole = json!({
            "currency": "CHF", "channel": "app", "country": "CH", "buyer": { "id": "fondaco-quote", "groups": ["a", "b"] },
            "lines": [{ "sku": "mug", "quantity": 12 }, { "sku": "plate", "quantity": 2 }],
        });
        let typed = "--sku mug=12 --sku plate=2 --currency CHF --channel app --country CH --group a --group b";
        assert_eq!(parse(typed), whole);
    }
}
