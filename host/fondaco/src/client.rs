//! Speaks to a host over HTTP.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response, StatusCode, Url};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::cli::Common;
use crate::demo::DemoKeys;
use crate::failure::{Failure, Problem};

/// Uploads compile on the other side.
const TIMEOUT: Duration = Duration::from_secs(200);

/// One host, one key.
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    key: Option<String>,
    tenant: Option<String>,
}

/// Which demo key stands in when none is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// A merchant's.
    Tenant,
    /// The operator's.
    Operator,
}

impl Client {
    pub(crate) fn new(common: &Common, need: Need) -> Result<Self, Failure> {
        let base: Url = common
            .url
            .parse()
            .map_err(|error| Failure::Usage(format!("--url: `{}` is not an address: {error}", common.url)))?;
        let (key, tenant) = match &common.key {
            Some(key) => (Some(key.clone()), common.tenant.clone()),
            None if is_here(&base) => demo_key(&common.state, common.tenant.as_deref(), need),
            None => (None, common.tenant.clone()),
        };
        Self::connect(base, key, tenant)
    }

    /// A client of a host of this process.
    pub(crate) fn of(address: SocketAddr, key: &str) -> Result<Self, Failure> {
        let base = format!("http://{address}").parse::<Url>().map_err(anyhow::Error::from)?;
        Self::connect(base, Some(key.to_owned()), None)
    }

    fn connect(base: Url, key: Option<String>, tenant: Option<String>) -> Result<Self, Failure> {
        let http = reqwest::Client::builder()
            .user_agent(concat!("fondaco/", env!("CARGO_PKG_VERSION")))
            .timeout(TIMEOUT)
            .connect_timeout(Duration::from_secs(5))
            .no_proxy()
            .build()
            .map_err(anyhow::Error::from)?;
        Ok(Self { http, base, key, tenant })
    }

    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &[&str], query: &[(&str, &str)]) -> Result<T, Failure> {
        read(self.send(self.request(Method::GET, path, query)?).await?).await
    }

    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, Failure> {
        read(self.send(self.request(Method::POST, path, &[])?).await?).await
    }

    /// Calls a service's function by its own route.
    pub(crate) async fn call<T: DeserializeOwned>(&self, path: &[&str], body: &Value) -> Result<T, Failure> {
        read(self.send(self.request(Method::POST, path, &[])?.json(body)).await?).await
    }

    pub(crate) async fn put<T: DeserializeOwned>(&self, path: &[&str], body: &Value) -> Result<T, Failure> {
        read(self.send(self.request(Method::PUT, path, &[])?.json(body)).await?).await
    }

    /// Does something that has no answer but that it is done.
    pub(crate) async fn run(&self, path: &[&str]) -> Result<(), Failure> {
        self.send(self.request(Method::POST, path, &[])?).await.map(|_empty| ())
    }

    pub(crate) async fn delete(&self, path: &[&str]) -> Result<(), Failure> {
        self.send(self.request(Method::DELETE, path, &[])?).await.map(|_empty| ())
    }

    /// Sends bytes as they are, and says whether they were new (201).
    pub(crate) async fn upload<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        kind: &str,
        bytes: Vec<u8>,
    ) -> Result<(T, bool), Failure> {
        let request = self.request(Method::POST, path, query)?.header("content-type", kind).body(bytes);
        let response = self.send(request).await?;
        let is_new = response.status() == StatusCode::CREATED;
        Ok((read(response).await?, is_new))
    }

    fn request(&self, method: Method, path: &[&str], query: &[(&str, &str)]) -> Result<RequestBuilder, Failure> {
        let mut url = self.base.clone();
        // Segment by segment, so that no name can climb out of its place in the path.
        url.path_segments_mut()
            .map_err(|()| Failure::Usage(format!("--url: `{}` cannot have a path", self.base)))?
            .pop_if_empty()
            .extend(path);
        let mut request = self.http.request(method, url).query(query);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        if let Some(tenant) = &self.tenant {
            request = request.header("x-fondaco-tenant", tenant);
        }
        Ok(request)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let response = request.send().await.map_err(|error| self.not_reachable(&error))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let text = response.text().await.unwrap_or_default();
        let mut problem: Problem = serde_json::from_str(&text).unwrap_or_else(|_not_json| Problem {
            status: status.as_u16(),
            code: String::new(),
            reason: format!("HTTP_{}", status.as_u16()),
            detail: format!("{} answers {status}, and not as a Fondaco host does", self.base),
            metadata: Map::new(),
            request_id: None,
        });
        problem.status = status.as_u16();
        Err(Failure::Fault(Box::new(problem)))
    }

    fn not_reachable(&self, error: &reqwest::Error) -> Failure {
        let mut why: &dyn std::error::Error = error;
        while let Some(source) = why.source() {
            why = source;
        }
        Failure::NotReachable(format!(
            "{} does not answer ({why}); start a host with `fondaco up`, or name another with --url or FONDACO_URL",
            self.base
        ))
    }
}

async fn read<T: DeserializeOwned>(response: Response) -> Result<T, Failure> {
    let bytes = response.bytes().await.map_err(anyhow::Error::from)?;
    serde_json::from_slice(&bytes)
        .map_err(|error| Failure::Other(anyhow::anyhow!("the host's answer is not understood: {error}")))
}

/// A demo key is for this machine only, whatever a typo in --url says.
fn is_here(url: &Url) -> bool {
    matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"))
}

/// With a demo key of its own, a tenant needs no header.
fn demo_key(state: &Path, tenant: Option<&str>, need: Need) -> (Option<String>, Option<String>) {
    let Some(keys) = DemoKeys::load(state) else { return (None, tenant.map(str::to_owned)) };
    if need == Need::Operator {
        return (Some(keys.operator), tenant.map(str::to_owned));
    }
    let own = match tenant {
        Some(tenant) => keys.tenants.get(tenant),
        None => keys.tenants.values().next(),
    };
    match own {
        Some(key) => (Some(key.clone()), None),
        None => (Some(keys.operator), tenant.map(str::to_owned)),
    }
}
