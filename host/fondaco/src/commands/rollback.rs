//! `fondaco rollback`: bring back what served before.

use super::release::{Target, summary};
use super::wire::Release;
use crate::cli::{self, Common};
use crate::client::{Client, Need};
use crate::failure::Failure;
use crate::output::Output;

pub(crate) async fn run(common: &Common, wanted: &cli::Rollback, output: Output) -> Result<(), Failure> {
    let need = if wanted.service { Need::Operator } else { Need::Tenant };
    let client = Client::new(common, need)?;
    let target = Target::find(&client, &wanted.name, wanted.service).await?;
    let mut path = target.path();
    path.push("rollback");
    let bar = output.progress(format!("rolling {} back", wanted.name));
    let released = client.post::<Release>(&path).await;
    bar.finish_and_clear();
    output.answer(&released?, summary)
}
