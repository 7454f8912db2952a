//! `fondaco services`: the domain services and what serves.

use super::wire::{Items, Package, short};
use crate::cli::Common;
use crate::client::{Client, Need};
use crate::failure::Failure;
use crate::output::{Output, time};

pub(crate) async fn run(common: &Common, output: Output) -> Result<(), Failure> {
    let client = Client::new(common, Need::Operator)?;
    let services: Items<Package> = client.get(&["v1", "services"], &[]).await?;
    output.answer(&services, |output, services| match services.items.as_slice() {
        [] => "no services yet; an operator brings one in with `fondaco push FILE.wasm --release`".to_owned(),
        services => table(output, services),
    })
}

fn table(output: Output, services: &[Package]) -> String {
    let rows = services.iter().map(|service| {
        let release = service.release.as_ref();
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        vec![
            service.name.clone(),
            or_none(release.map(|release| release.version.clone())),
            or_none(release.map(|release| short(&release.digest).to_owned())),
            or_none(release.map(|release| time(release.at_ms))),
            service.versions.first().cloned().unwrap_or_default(),
            release.and_then(|release| release.problem.clone()).unwrap_or_default(),
        ]
    });
    output.table(&["NAME", "SERVES", "DIGEST", "SINCE (UTC)", "NEWEST", "PROBLEM"], rows.collect())
}
