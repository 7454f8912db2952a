//! `wasi:keyvalue`: a bucket is a resource that the grant was checked for when it was opened.

use bytes::Bytes;
use fondaco_engine::{Fault, ServiceState};
use wasmtime::component::{HasData, Linker, Resource};

use self::generated::wasi::keyvalue::atomics::{self, CasError};
use self::generated::wasi::keyvalue::batch;
use self::generated::wasi::keyvalue::store::{self, Error, KeyResponse};
use super::Call;
use crate::names::{self, BATCH_BYTES, Bucket, Key};
use crate::store::Change;
use crate::{BucketName, faults};

#[allow(clippy::all, clippy::pedantic, missing_docs, unreachable_pub, unused_qualifications, dead_code)]
mod generated {
    pub use super::Cas;
    pub use crate::Bucket;

    wasmtime::component::bindgen!({
        inline: "package fondaco:key-value-bindings;
            world imports {
                import wasi:keyvalue/store@0.2.0-draft2;
                import wasi:keyvalue/atomics@0.2.0-draft2;
                import wasi:keyvalue/batch@0.2.0-draft2;
            }",
        path: ["../../../wit/wasi/keyvalue"],
        world: "fondaco:key-value-bindings/imports",
        imports: { default: async | trappable },
        with: {
            "wasi:keyvalue/store.bucket": Bucket,
            "wasi:keyvalue/atomics.cas": Cas,
        },
    });
}

/// What one key held at one moment.
#[derive(Debug)]
#[expect(unreachable_pub, reason = "the bindings want it as public as themselves")]
pub struct Cas {
    bucket: Bucket,
    key: Key,
    current: Option<Bytes>,
}

/// The state of the call, as the generated traits want it: borrowed for one function.
struct View<'a>(&'a mut ServiceState);

struct HasView;

impl HasData for HasView {
    type Data<'a> = View<'a>;
}

pub(super) fn add_to_linker(linker: &mut Linker<ServiceState>) -> wasmtime::Result<()> {
    store::add_to_linker::<_, HasView>(linker, |state| View(state))?;
    atomics::add_to_linker::<_, HasView>(linker, |state| View(state))?;
    batch::add_to_linker::<_, HasView>(linker, |state| View(state))
}

/// An answer, or what the interface has for a fault; a trap where the component has broken the rules of resources.
type Answer<T> = wasmtime::Result<Result<T, Error>>;

fn other(fault: &Fault) -> Error {
    Error::Other(fault.to_string())
}

impl View<'_> {
    fn bucket(&mut self, bucket: &Resource<Bucket>) -> wasmtime::Result<Bucket> {
        Ok(self.0.table().get(bucket)?.clone())
    }

    /// The call and the bucket: apart from the state, which stays behind while the store is asked.
    fn at(&mut self, bucket: &Resource<Bucket>) -> wasmtime::Result<(Call, Bucket)> {
        Ok((Call::of(self.0)?, self.bucket(bucket)?))
    }

    /// What the key holds now, as a new handle.
    async fn look(&mut self, call: &Call, bucket: Bucket, key: Key) -> wasmtime::Result<Result<Resource<Cas>, Fault>> {
        Ok(match call.current(&bucket, &key).await {
            Ok(current) => Ok(self.0.table().push(Cas { bucket, key, current })?),
            Err(fault) => Err(fault),
        })
    }
}

impl Call {
    /// Counts an operation and turns its fault into the interface's.
    fn answer<T>(&self, operation: &'static str, result: Result<T, Fault>) -> Result<T, Error> {
        let outcome = if result.is_ok() { "ok" } else { "fault" };
        metrics::counter!(
            "fondaco_key_value_operations_total",
            "service" => self.scope.service.to_string(), "operation" => operation, "outcome" => outcome
        )
        .increment(1);
        result.map_err(|fault| other(&fault))
    }

    async fn get_many(&self, bucket: &Bucket, keys: &[Key]) -> Result<Vec<Option<Bytes>>, Fault> {
        self.key_value().store().get_many(bucket, keys).await
    }

    async fn current(&self, bucket: &Bucket, key: &Key) -> Result<Option<Bytes>, Fault> {
        let values = self.get_many(bucket, std::slice::from_ref(key)).await?;
        Ok(values.into_iter().next().flatten())
    }

    async fn write(&self, bucket: &Bucket, changes: &[Change]) -> Result<(), Fault> {
        let _turn = self.turn().await?;
        self.key_value().store().write(bucket, changes).await
    }

    async fn get(&self, bucket: &Bucket, key: &str) -> Result<Option<Vec<u8>>, Fault> {
        Ok(self.current(bucket, &key.parse()?).await?.map(Vec::from))
    }

    async fn set(&self, bucket: &Bucket, key: &str, value: Vec<u8>) -> Result<(), Fault> {
        self.write(bucket, &[Change { key: key.parse()?, value: Some(names::value(value)?) }]).await
    }

    async fn delete(&self, bucket: &Bucket, keys: &[String]) -> Result<(), Fault> {
        let delete = |key| Change { key, value: None };
        let changes: Vec<_> = Key::all(keys)?.into_iter().map(delete).collect();
        self.write(bucket, &changes).await
    }

    async fn exists(&self, bucket: &Bucket, key: &str) -> Result<bool, Fault> {
        self.key_value().store().exists(bucket, &key.parse()?).await
    }

    async fn increment(&self, bucket: &Bucket, key: &str, delta: i64) -> Result<i64, Fault> {
        let key = key.parse()?;
        let _turn = self.turn().await?;
        self.key_value().store().increment(bucket, &key, delta).await
    }

    async fn swap(&self, cas: &Cas, value: Vec<u8>) -> Result<bool, Fault> {
        let value = names::value(value)?;
        let _turn = self.turn().await?;
        self.key_value().store().swap(&cas.bucket, &cas.key, cas.current.as_ref(), &value).await
    }

    async fn pairs(&self, bucket: &Bucket, keys: Vec<String>) -> Result<Vec<Option<(String, Vec<u8>)>>, Fault> {
        let values = self.get_many(bucket, &Key::all(&keys)?).await?;
        Ok(keys.into_iter().zip(values).map(|(key, value)| Some((key, Vec::from(value?)))).collect())
    }

    async fn set_many(&self, bucket: &Bucket, pairs: Vec<(String, Vec<u8>)>) -> Result<(), Fault> {
        self.write(bucket, &changes(pairs)?).await
    }

    async fn list(&self, bucket: &Bucket, cursor: Option<&str>) -> Result<KeyResponse, Fault> {
        let page = self.key_value().store().keys(bucket, cursor).await?;
        Ok(KeyResponse { keys: page.keys, cursor: page.cursor })
    }
}

impl store::Host for View<'_> {
    async fn open(&mut self, identifier: String) -> Answer<Resource<Bucket>> {
        let call = Call::of(self.0)?;
        let name = identifier.parse::<BucketName>().ok().filter(|name| call.granted.stores.contains(name));
        let Some(name) = name else { return Ok(Err(Error::NoSuchStore)) };
        Ok(Ok(self.0.table().push(Bucket { scope: call.scope, name })?))
    }
}

impl store::HostBucket for View<'_> {
    async fn get(&mut self, bucket: Resource<Bucket>, key: String) -> Answer<Option<Vec<u8>>> {
        let (call, bucket) = self.at(&bucket)?;
        Ok(call.answer("get", call.get(&bucket, &key).await))
    }

    async fn set(&mut self, bucket: Resource<Bucket>, key: String, value: Vec<u8>) -> Answer<()> {
        let (call, bucket) = self.at(&bucket)?;
        Ok(call.answer("set", call.set(&bucket, &key, value).await))
    }

    async fn delete(&mut self, bucket: Resource<Bucket>, key: String) -> Answer<()> {
        let (call, bucket) = self.at(&bucket)?;
        Ok(call.answer("delete", call.delete(&bucket, &[key]).await))
    }

    async fn exists(&mut self, bucket: Resource<Bucket>, key: String) -> Answer<bool> {
        let (call, bucket) = self.at(&bucket)?;
        Ok(call.answer("exists", call.exists(&bucket, &key).await))
    }

    async fn list_keys(&mut self, bucket: Resource<Bucket>, cursor: Option<String>) -> Answer<KeyResponse> {
        let (call, bucket) = self.at(&bucket)?;
        Ok(call.answer("list-keys", call.list(&bucket, cursor.as_deref()).await))
    }

    async fn drop(&mut self, bucket: Resource<Bucket>) -> wasmtime::Result<()> {
        self.0.table().delete(bucket)?;
        Ok(())
    }
}

impl atomics::Host for View<'_> {
    async fn increment(&mut self, bucket: Resource<Bucket>, key: String, delta: i64) -> Answer<i64> {
        let (call, bucket) = self.at(&bucket)?;
        Ok(call.answer("increment", call.increment(&bucket, &key, delta).await))
    }

    async fn swap(&mut self, cas: Resource<Cas>, value: Vec<u8>) -> wasmtime::Result<Result<(), CasError>> {
        let (call, cas) = (Call::of(self.0)?, self.0.table().delete(cas)?);
        match call.answer("swap", call.swap(&cas, value).await) {
            Ok(true) => return Ok(Ok(())),
            Ok(false) => {}
            Err(error) => return Ok(Err(CasError::StoreError(error))),
        }
        let there = self.look(&call, cas.bucket, cas.key).await?;
        Ok(Err(there.map_or_else(|fault| CasError::StoreError(other(&fault)), CasError::CasFailed)))
    }
}

impl atomics::HostCas for View<'_> {
    async fn new(&mut self, bucket: Resource<Bucket>, key: String) -> Answer<Resource<Cas>> {
        let (call, bucket) = self.at(&bucket)?;
        let there = match key.parse() {
            Ok(key) => self.look(&call, bucket, key).await?,
            Err(fault) => Err(fault),
        };
        Ok(call.answer("cas", there))
    }

    async fn current(&mut self, cas: Resource<Cas>) -> Answer<Option<Vec<u8>>> {
        Ok(Ok(self.0.table().get(&cas)?.current.as_ref().map(|value| value.to_vec())))
    }

    async fn drop(&mut self, cas: Resource<Cas>) -> wasmtime::Result<()> {
        self.0.table().delete(cas)?;
        Ok(())
    }
}

impl batch::Host for View<'_> {
    async fn get_many(
        &mut self,
        bucket: Resource<Bucket>,
        keys: Vec<String>,
    ) -> Answer<Vec<Option<(String, Vec<u8>)>>> {
        let (call, bucket) = self.at(&bucket)?;
        Ok(call.answer("get-many", call.pairs(&bucket, keys).await))
    }

    async fn set_many(&mut self, bucket: Resource<Bucket>, pairs: Vec<(String, Vec<u8>)>) -> Answer<()> {
        let (call, bucket) = self.at(&bucket)?;
        Ok(call.answer("set-many", call.set_many(&bucket, pairs).await))
    }

    async fn delete_many(&mut self, bucket: Resource<Bucket>, keys: Vec<String>) -> Answer<()> {
        let (call, bucket) = self.at(&bucket)?;
        Ok(call.answer("delete-many", call.delete(&bucket, &keys).await))
    }
}

fn changes(pairs: Vec<(String, Vec<u8>)>) -> Result<Vec<Change>, Fault> {
    if pairs.len() > names::BATCH {
        return Err(faults::batch_too_large(pairs.len()));
    }
    let bytes = pairs.iter().map(|(_, value)| value.len()).sum();
    if bytes > BATCH_BYTES {
        return Err(faults::batch_too_heavy(bytes));
    }
    let change = |(key, value): (String, Vec<u8>)| Ok(Change { key: key.parse()?, value: Some(names::value(value)?) });
    pairs.into_iter().map(change).collect()
}
