//! The real host, driven by its HTTP API as an operator drives it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use bytes::Bytes;
use reqwest::Method;
use serde_json::{Value, json};

use crate::process::{Server, free_address};
use crate::scene;

/// A running host with the services released, and an operator's key of the tenant [`scene::TENANT`].
pub(crate) struct Host {
    pub(crate) server: Server,
    pub(crate) key: String,
    binary: PathBuf,
    state: PathBuf,
    components: PathBuf,
    http: reqwest::Client,
}

/// One plugin's release.
pub(crate) struct Release<'a> {
    pub(crate) tenant: &'a str,
    pub(crate) point: &'a str,
    pub(crate) name: &'a str,
    pub(crate) version: &'a str,
    pub(crate) position: usize,
    pub(crate) config: &'a str,
}

impl Host {
    /// Starts `binary` on a fresh state folder and releases the services.
    pub(crate) async fn start(binary: &Path, components: &Path, state: &Path) -> Result<Self> {
        std::fs::create_dir_all(state)?;
        let key = create_key(binary, state)?;
        let host = Self {
            server: serve(binary, state).await?,
            key,
            binary: binary.into(),
            state: state.into(),
            components: components.into(),
            http: reqwest::Client::new(),
        };
        host.service("loyalty", "1.0.0", scene::LOYALTY_CONFIG).await?;
        host.service("shipping", "1.0.0", scene::SHIPPING_CONFIG).await?;
        host.service("catalog", "1.0.0", "{}").await?;
        host.service("price-book", "1.0.0", "{}").await?;
        host.service("pricing", "1.0.0", scene::PRICING_CONFIG).await?;
        Ok(host)
    }

    /// Stops, lets something be done to its files, and starts again.
    pub(crate) async fn stopped_for(self, work: impl Future<Output = Result<()>>) -> Result<Self> {
        drop(self.server);
        work.await?;
        Ok(Self { server: serve(&self.binary, &self.state).await?, ..self })
    }

    async fn service(&self, name: &str, version: &str, config: &str) -> Result<()> {
        let bytes = self.component(&format!("services/{name}"))?;
        self.push_service(name, version, bytes).await?;
        self.release_service(name, version, config).await
    }

    /// A built component.
    pub(crate) fn component(&self, path: &str) -> Result<Vec<u8>> {
        let path = self.components.join(path).with_extension("wasm");
        std::fs::read(&path).with_context(|| format!("read {}", path.display()))
    }

    pub(crate) async fn push_service(&self, name: &str, version: &str, bytes: Vec<u8>) -> Result<()> {
        self.send(Method::POST, &format!("/v1/services?name={name}&version={version}"), scene::TENANT, bytes.into())
            .await
            .map(drop)
    }

    pub(crate) async fn release_service(&self, name: &str, version: &str, config: &str) -> Result<()> {
        let config: Value = serde_json::from_str(config)?;
        let body = json!({ "version": version, "config": config });
        self.send(Method::PUT, &format!("/v1/services/{name}"), scene::TENANT, body.to_string().into()).await.map(drop)
    }

    pub(crate) async fn rollback_service(&self, name: &str) -> Result<()> {
        self.send(Method::POST, &format!("/v1/services/{name}/rollback"), scene::TENANT, Bytes::new()).await.map(drop)
    }

    pub(crate) async fn push(&self, tenant: &str, name: &str, version: &str, bytes: Vec<u8>) -> Result<()> {
        self.send(Method::POST, &format!("/v1/plugins?name={name}&version={version}"), tenant, bytes.into())
            .await
            .map(drop)
    }

    pub(crate) async fn release(&self, release: &Release<'_>) -> Result<()> {
        let config: Value = serde_json::from_str(release.config)?;
        let body =
            json!({ "version": release.version, "position": release.position, "config": config, "onFailure": "block" });
        let path = format!("/v1/releases/{}/{}", release.point, release.name);
        self.send(Method::PUT, &path, release.tenant, body.to_string().into()).await.map(drop)
    }

    pub(crate) async fn rollback(&self, point: &str, name: &str) -> Result<()> {
        self.send(Method::POST, &format!("/v1/releases/{point}/{name}/rollback"), scene::TENANT, Bytes::new())
            .await
            .map(drop)
    }

    /// Prices a cart once.
    pub(crate) async fn quote(&self, tenant: &str, body: &Value) -> Result<Value> {
        self.post("/v1/pricing/quotes", tenant, body).await
    }

    /// Calls a function of a service.
    pub(crate) async fn post(&self, path: &str, tenant: &str, body: &Value) -> Result<Value> {
        let answer = self.send(Method::POST, path, tenant, body.to_string().into()).await?;
        Ok(serde_json::from_slice(&answer)?)
    }

    async fn send(&self, method: Method, path: &str, tenant: &str, body: Bytes) -> Result<Bytes> {
        let answer = self
            .http
            .request(method.clone(), format!("http://{}{path}", self.server.address))
            .bearer_auth(&self.key)
            .header("x-fondaco-tenant", tenant)
            .header("content-type", if body.starts_with(b"\0asm") { "application/wasm" } else { "application/json" })
            .body(body)
            .send()
            .await?;
        let status = answer.status();
        let body = answer.bytes().await?;
        ensure!(status.is_success(), "{method} {path} for {tenant}: {status}: {}", String::from_utf8_lossy(&body));
        Ok(body)
    }
}

async fn serve(binary: &Path, state: &Path) -> Result<Server> {
    let address = free_address()?;
    let mut command = Command::new(binary);
    command.args(["up", "--listen", &address, "--state"]).arg(state);
    let server = Server::start(command, address, &state.join("host.log")).await?;
    ready(&server.address).await?;
    Ok(server)
}

/// A host listens before all that was released serves again.
async fn ready(address: &str) -> Result<()> {
    let deadline = Instant::now() + Duration::from_mins(3);
    while Instant::now() < deadline {
        let answer = reqwest::get(format!("http://{address}/healthz/ready")).await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    bail!("the host on {address} is not ready after three minutes")
}

/// A key for a state folder, made before a server opens it.
pub(crate) fn create_key(binary: &Path, state: &Path) -> Result<String> {
    let output = Command::new(binary)
        .args([
            "keys",
            "create",
            "--name",
            "bench",
            "--roles",
            "operator,publisher,caller,reader",
            "--tenant",
            scene::TENANT,
            "--json",
            "--state",
        ])
        .arg(state)
        .output()
        .with_context(|| format!("run {}", binary.display()))?;
    ensure!(output.status.success(), "keys create: {}", String::from_utf8_lossy(&output.stderr));
    let created: Value = serde_json::from_slice(&output.stdout)?;
    for name in ["token", "key", "secret"] {
        if let Some(token) = created.get(name).and_then(Value::as_str) {
            return Ok(token.to_owned());
        }
    }
    bail!("keys create printed no token: {created}")
}

/// `component` with a custom section that makes it another one: other bytes, other digest, the same code.
pub(crate) fn distinct(component: &[u8], number: usize) -> Vec<u8> {
    let text = format!("{number:08}");
    let mut bytes = component.to_vec();
    // Section id 0 (custom), its size, the length of its name, the name, the content.
    bytes.extend([0, 6 + 8, 5]);
    bytes.extend(b"bench");
    bytes.extend(text.as_bytes());
    bytes
}
