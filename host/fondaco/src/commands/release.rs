//! `fondaco release`: make a version serve.

use serde_json::{Map, Value, json};

use super::wire::{Items, Package, Pushed, Release, place, short};
use crate::cli::{self, Common, Settings};
use crate::client::{Client, Need};
use crate::failure::Failure;
use crate::output::Output;

pub(crate) async fn run(common: &Common, wanted: &cli::Release, output: Output) -> Result<(), Failure> {
    let need = if wanted.service { Need::Operator } else { Need::Tenant };
    let client = Client::new(common, need)?;
    let target = Target::find(&client, &wanted.name, wanted.service).await?;
    if wanted.remove {
        client.delete(&target.path()).await?;
        return output.answer(&json!({ "removed": wanted.name }), |output, _| {
            format!("{} {} serves no more", output.good("removed"), wanted.name)
        });
    }
    let version = match &wanted.version {
        Some(version) => version.to_string(),
        None => target.newest.clone(),
    };
    let released = put(&client, &target, &version, &wanted.settings, output).await?;
    output.answer(&released, summary)?;
    hint(output, &released, target.example());
    Ok(())
}

/// A plugin that was never given a config mostly cannot work without one.
pub(super) fn hint(output: Output, released: &Release, example: Option<&str>) {
    if let Some(example) = example
        && released.config == json!({})
    {
        let example = example.split_whitespace().collect::<Vec<_>>().join(" ");
        output.note(format!("its config is {{}}; its author begins with --config '{example}'"));
    }
}

/// What a release is about: its slot, and the newest version that could serve there.
pub(super) struct Target {
    point: Option<String>,
    name: String,
    newest: String,
    /// The config that the newest version's author suggests.
    example: Option<String>,
}

impl Target {
    pub(super) async fn find(client: &Client, name: &str, is_service: bool) -> Result<Self, Failure> {
        if is_service { Self::service(client, name).await } else { Self::plugin(client, name).await }
    }

    /// Looks the extension point up.
    async fn plugin(client: &Client, name: &str) -> Result<Self, Failure> {
        let versions: Items<Pushed> = client.get(&["v1", "plugins", name], &[]).await?;
        let newest = versions.items.into_iter().next();
        let newest = newest.ok_or_else(|| Failure::Usage(format!("`{name}` has no version; push one first")))?;
        Ok(Self::pushed(&newest))
    }

    async fn service(client: &Client, name: &str) -> Result<Self, Failure> {
        let services: Items<Package> = client.get(&["v1", "services"], &[]).await?;
        let service = services.items.into_iter().find(|service| service.name == name);
        let newest = service.and_then(|service| service.versions.into_iter().next());
        let newest = newest
            .ok_or_else(|| Failure::Usage(format!("there is no service `{name}`; `fondaco services` lists them")))?;
        Ok(Self { point: None, name: name.to_owned(), newest, example: None })
    }

    pub(super) fn pushed(version: &Pushed) -> Self {
        Self {
            point: version.point.clone(),
            name: version.name.clone(),
            newest: version.version.clone(),
            example: version.meta.get("configExample").and_then(Value::as_str).map(str::to_owned),
        }
    }

    pub(super) fn example(&self) -> Option<&str> {
        self.example.as_deref()
    }

    pub(super) fn path(&self) -> Vec<&str> {
        match &self.point {
            Some(point) => vec!["v1", "releases", point, &self.name],
            None => vec!["v1", "services", &self.name],
        }
    }
}

pub(super) async fn put(
    client: &Client,
    target: &Target,
    version: &str,
    settings: &Settings,
    output: Output,
) -> Result<Release, Failure> {
    let body = body(version, settings)?;
    let bar = output.progress(format!("releasing {} {version}", target.name));
    let released = client.put(&target.path(), &body).await;
    bar.finish_and_clear();
    released
}

fn body(version: &str, settings: &Settings) -> Result<Value, Failure> {
    let mut body = Map::new();
    body.insert("version".into(), json!(version));
    if let Some(config) = &settings.config {
        body.insert("config".into(), json_or_file(config)?);
    }
    if let Some(position) = settings.position {
        body.insert("position".into(), json!(position));
    }
    if let Some(policy) = settings.on_failure {
        body.insert("onFailure".into(), json!(policy.as_str()));
    }
    Ok(Value::Object(body))
}

fn json_or_file(text: &str) -> Result<Value, Failure> {
    let (what, json) = match text.strip_prefix('@') {
        Some(path) => {
            let content = std::fs::read_to_string(path).map_err(|error| Failure::Local(format!("{path}: {error}")))?;
            (path, content)
        }
        None => ("--config", text.to_owned()),
    };
    serde_json::from_str(&json).map_err(|error| Failure::Usage(format!("{what} is not JSON: {error}")))
}

/// One line: what serves where since now.
pub(super) fn summary(output: Output, release: &Release) -> String {
    let mut line = format!(
        "{} {} {} {} (revision {})",
        output.good("serves"),
        place(release),
        output.strong(&release.version),
        output.faint(short(&release.digest)),
        release.revision
    );
    if let Some(problem) = &release.problem {
        line.push('\n');
        line += &output.bad(&format!("but it does not serve: {problem}"));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_config_is_json_or_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.json");
        std::fs::write(&file, "{\"a\": 1}").unwrap();
        assert_eq!(json_or_file("[1]").unwrap(), json!([1]));
        assert_eq!(json_or_file(&format!("@{}", file.display())).unwrap(), json!({ "a": 1 }));
        assert!(matches!(json_or_file("{"), Err(Failure::Usage(_))));
        assert!(matches!(json_or_file("@/nowhere/x"), Err(Failure::Local(_))));
    }

    #[test]
    fn what_is_not_said_is_not_sent() {
        assert_eq!(body("1.0.0", &Settings::default()).unwrap(), json!({ "version": "1.0.0" }));
        let settings = Settings { position: Some(-1), on_failure: Some(cli::OnFailure::LastGood), config: None };
        let expected = json!({ "version": "1.0.0", "position": -1, "onFailure": "last-good" });
        assert_eq!(body("1.0.0", &settings).unwrap(), expected);
    }
}
