//! WIT: `fondaco:host/blob`, as services import it.

use std::sync::Arc;

use async_trait::async_trait;
use fondaco_engine::{Code, Extension, Fault, Prepared, ServiceState, Staging, WitFault};
use serde::Deserialize;
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Lift, Linker, Lower};

use crate::names::{BlobName, Scope};
use crate::{Blobs, faults};

const INTERFACE: &str = "fondaco:host/blob@1.0.0";
/// The capability's name in a manifest's grants.
const GRANT: &str = "blob";

/// What services import.
pub(crate) struct BlobExtension {
    blobs: Arc<Blobs>,
}

impl BlobExtension {
    pub(crate) fn new(blobs: Arc<Blobs>) -> Self {
        Self { blobs }
    }
}

/// `[grants.blob]`: nothing to say in it yet.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {}

#[derive(ComponentType, Lift)]
#[component(record)]
struct Draft {
    name: String,
    #[component(name = "content-type")]
    content_type: String,
    public: bool,
}

#[derive(Clone, Copy, ComponentType, Lift)]
#[component(record)]
struct Range {
    offset: u64,
    length: u64,
}

#[derive(ComponentType, Lower)]
#[component(record)]
struct Info {
    name: String,
    size: u64,
    sha256: String,
    etag: String,
    #[component(name = "content-type")]
    content_type: String,
    #[component(name = "modified-ms")]
    modified_ms: u64,
    url: Option<String>,
}

impl From<crate::Info> for Info {
    fn from(info: crate::Info) -> Self {
        let (etag, url) = (info.etag(), info.url().map(str::to_owned));
        let crate::Info { name, size, sha256, content_type, modified_ms, .. } = info;
        Self { name, size, sha256, etag, content_type, modified_ms, url }
    }
}

type Store<'a> = StoreContextMut<'a, ServiceState>;
type Answer<T> = wasmtime::Result<(Result<T, WitFault>,)>;

#[async_trait]
impl Extension for BlobExtension {
    fn add_to_linker(&self, linker: &mut Linker<ServiceState>) -> wasmtime::Result<()> {
        let mut blob = linker.instance(INTERFACE)?;
        let blobs = Arc::clone(&self.blobs);
        blob.func_wrap_async("put", move |store: Store<'_>, (draft, bytes): (Draft, Vec<u8>)| {
            let call = Call::of(&blobs, store.data());
            Box::new(async move { call.answer("put", call.put(draft, bytes).await) })
        })?;
        let blobs = Arc::clone(&self.blobs);
        blob.func_wrap_async("get", move |store: Store<'_>, (name, range): (String, Option<Range>)| {
            let call = Call::of(&blobs, store.data());
            Box::new(async move { call.answer("get", call.get(&name, range).await) })
        })?;
        let blobs = Arc::clone(&self.blobs);
        blob.func_wrap_async("head", move |store: Store<'_>, (name,): (String,)| {
            let call = Call::of(&blobs, store.data());
            Box::new(async move { call.answer("head", call.head(&name).await) })
        })?;
        let blobs = Arc::clone(&self.blobs);
        blob.func_wrap_async("delete", move |store: Store<'_>, (name,): (String,)| {
            let call = Call::of(&blobs, store.data());
            Box::new(async move { call.answer("delete", call.delete(&name).await) })
        })?;
        let blobs = Arc::clone(&self.blobs);
        blob.func_wrap_async("list", move |store: Store<'_>, asked: (String, Option<String>, u32)| {
            let call = Call::of(&blobs, store.data());
            Box::new(async move { call.answer("list", call.list(asked).await) })
        })
    }

    fn interfaces(&self) -> &[&str] {
        &[INTERFACE]
    }

    fn grant(&self) -> Option<&'static str> {
        Some(GRANT)
    }

    async fn prepare(&self, staging: Staging<'_>) -> Result<Option<Prepared>, Fault> {
        let read: Result<Grant, _> = serde_path_to_error::deserialize(staging.grant);
        let invalid = |error: serde_path_to_error::Error<serde_json::Error>| {
            let message = format!("grants.blob.{}: {}", error.path(), error.inner());
            Fault::new(Code::InvalidArgument, "INVALID_GRANT", message)
        };
        read.map(|_| None).map_err(invalid)
    }
}

/// What a function needs of the running call, apart from its state: that stays behind while the store is asked.
struct Call {
    blobs: Arc<Blobs>,
    scope: Scope,
    read_only: bool,
}

impl Call {
    fn of(blobs: &Arc<Blobs>, state: &ServiceState) -> Self {
        Self { blobs: Arc::clone(blobs), scope: Scope::of(state), read_only: state.read_only() }
    }

    fn writes(&self) -> Result<(), Fault> {
        if self.read_only { Err(faults::read_only()) } else { Ok(()) }
    }

    async fn put(&self, draft: Draft, bytes: Vec<u8>) -> Result<Info, Fault> {
        self.writes()?;
        let Draft { name, content_type, public } = draft;
        let draft = crate::Draft { name: name.parse()?, content_type, public };
        self.count_bytes("in", bytes.len());
        self.blobs.put(&self.scope, &draft, bytes.into()).await.map(Info::from)
    }

    async fn get(&self, name: &str, range: Option<Range>) -> Result<Vec<u8>, Fault> {
        let name: BlobName = name.parse()?;
        let range = range.map(|range| (range.offset, range.length));
        let bytes = self.blobs.get(&self.scope, &name, range).await?;
        self.count_bytes("out", bytes.len());
        Ok(bytes.into())
    }

    async fn head(&self, name: &str) -> Result<Option<Info>, Fault> {
        Ok(self.blobs.head(&self.scope, &name.parse()?).await?.map(Info::from))
    }

    async fn delete(&self, name: &str) -> Result<bool, Fault> {
        self.writes()?;
        self.blobs.delete(&self.scope, &name.parse()?).await
    }

    async fn list(&self, (prefix, after, limit): (String, Option<String>, u32)) -> Result<Vec<Info>, Fault> {
        let found = self.blobs.list(&self.scope, &prefix, after.as_deref(), limit).await?;
        Ok(found.into_iter().map(Info::from).collect())
    }

    #[expect(clippy::unnecessary_wraps, reason = "a host function's form")]
    fn answer<T>(&self, operation: &'static str, result: Result<T, Fault>) -> Answer<T> {
        let outcome = if result.is_ok() { "ok" } else { "fault" };
        metrics::counter!(
            "fondaco_blob_operations_total",
            "service" => self.scope.service.to_string(), "operation" => operation, "outcome" => outcome
        )
        .increment(1);
        Ok((result.map_err(WitFault::from),))
    }

    fn count_bytes(&self, direction: &'static str, bytes: usize) {
        let service = self.scope.service.to_string();
        metrics::counter!("fondaco_blob_bytes_total", "service" => service, "direction" => direction)
            .increment(u64::try_from(bytes).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grant_has_nothing_to_say() {
        assert!(serde_json::from_str::<Grant>("{}").is_ok());
        assert!(serde_json::from_str::<Grant>(r#"{"quota": 1}"#).is_err());
    }
}
