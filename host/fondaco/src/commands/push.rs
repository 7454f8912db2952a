//! `fondaco push`: upload a component, and release it if asked.

use fondaco_engine::Class;
use serde_json::json;

use super::release::{self, Target, put};
use super::wire::{Pushed, short};
use crate::cli::{self, Common};
use crate::client::{Client, Need};
use crate::component::ComponentFile;
use crate::failure::Failure;
use crate::output::{Output, size};

pub(crate) async fn run(common: &Common, wanted: &cli::Push, output: Output) -> Result<(), Failure> {
    let ComponentFile { bytes, class, manifest } = ComponentFile::read(&wanted.file)?;
    let own = manifest.map(|manifest| (manifest.name, manifest.version));
    let missing = |what: &str| {
        let file = wanted.file.display();
        Failure::Usage(format!("{file} has no manifest; say --{what}, or put a fondaco.toml beside its Cargo.toml"))
    };
    let name =
        wanted.name.clone().or_else(|| own.as_ref().map(|(name, _)| name.clone())).ok_or_else(|| missing("name"))?;
    let version =
        wanted.version.clone().or_else(|| own.map(|(_, version)| version)).ok_or_else(|| missing("version"))?;
    let version = version.to_string();

    let is_service = class == Class::Service;
    let client = Client::new(common, if is_service || wanted.platform { Need::Operator } else { Need::Tenant })?;
    let mut query = vec![("name", name.as_str()), ("version", version.as_str())];
    if wanted.platform && !is_service {
        query.push(("owner", "platform"));
    }
    let bar =
        output.progress(format!("pushing {name} {version} ({}): upload, compile, checks", size(bytes.len() as u64)));
    let path = ["v1", if is_service { "services" } else { "plugins" }];
    let pushed = client.upload::<Pushed>(&path, &query, "application/wasm", bytes).await;
    bar.finish_and_clear();
    let (pushed, is_new) = pushed?;
    if !wanted.release {
        return output.answer(&pushed, |output, pushed| summary(output, pushed, is_new));
    }
    let target = Target::pushed(&pushed);
    let released = put(&client, &target, &pushed.version, &wanted.settings, output).await?;
    let both = json!({ "version": pushed, "release": released });
    output.answer(&both, |output, _| {
        format!("{}\n{}", summary(output, &pushed, is_new), release::summary(output, &released))
    })?;
    release::hint(output, &released, target.example());
    Ok(())
}

fn summary(output: Output, pushed: &Pushed, is_new: bool) -> String {
    let what = pushed.point.as_ref().map_or_else(|| "service".to_owned(), |point| format!("{point} plugin"));
    let word = if is_new { "pushed" } else { "was there already:" };
    format!(
        "{} {} {} {} {}, {what}",
        output.good(word),
        pushed.name,
        output.strong(&pushed.version),
        output.faint(short(&pushed.digest)),
        size(pushed.size)
    )
}
