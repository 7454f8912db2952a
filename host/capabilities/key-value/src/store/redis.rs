//! Buckets in Redis, shared by all replicas: as durable as its append-only file (`appendfsync always` or `everysec`).
//!
//! A bucket is a hash of its values and a sorted set of its keys, so that keys come in pages without their values. A
//! tenant's usage is a hash beside them. Each write is one script, so that values, keys and usage change together. All
//! keys of a tenant carry one hash tag: they live in one slot of a cluster.

use async_trait::async_trait;
use bytes::Bytes;
use fondaco_engine::Fault;
use redis::{RedisError, Script, ScriptInvocation};

use super::{Change, Page, Store, page, settled};
use crate::config::Quota;
use crate::link::Link;
use crate::names::{Bucket, Key};
use crate::{PAGE, faults};

/// KEYS: values, keys, usage. ARGV: most keys, most bytes, what the first key must hold (`any`, `none`, `value`), that
/// value, and for each change `set` or `delete`, key, value.
const WRITE: &str = r"
local values, names, usage = KEYS[1], KEYS[2], KEYS[3]
if ARGV[3] ~= 'any' then
  local current = redis.call('HGET', values, ARGV[6])
  if ARGV[3] == 'none' and current then return 'changed' end
  if ARGV[3] == 'value' and current ~= ARGV[4] then return 'changed' end
end
local keys, bytes, sets = 0, 0, false
for at = 5, #ARGV, 3 do
  local key, there = ARGV[at + 1], redis.call('HEXISTS', values, ARGV[at + 1])
  bytes = bytes - redis.call('HSTRLEN', values, key)
  if ARGV[at] == 'set' then
    sets = true
    keys = keys + 1 - there
    bytes = bytes + #ARGV[at + 2] + (1 - there) * #key
  else
    keys = keys - there
    bytes = bytes - there * #key
  end
end
if sets then
  local held = redis.call('HMGET', usage, 'keys', 'bytes')
  if (tonumber(held[1]) or 0) + keys > tonumber(ARGV[1]) or (tonumber(held[2]) or 0) + bytes > tonumber(ARGV[2]) then
    return 'quota'
  end
end
for at = 5, #ARGV, 3 do
  if ARGV[at] == 'set' then
    redis.call('HSET', values, ARGV[at + 1], ARGV[at + 2])
    redis.call('ZADD', names, 0, ARGV[at + 1])
  else
    redis.call('HDEL', values, ARGV[at + 1])
    redis.call('ZREM', names, ARGV[at + 1])
  end
end
redis.call('HINCRBY', usage, 'keys', keys)
redis.call('HINCRBY', usage, 'bytes', bytes)
return 'done'";

/// KEYS as above. ARGV: most keys, most bytes, key, delta. The sum is read back as text: a number of Lua's has 53 bits.
const INCREMENT: &str = r"
local values, names, usage = KEYS[1], KEYS[2], KEYS[3]
local there, before = redis.call('HEXISTS', values, ARGV[3]), redis.call('HSTRLEN', values, ARGV[3])
local held = redis.call('HMGET', usage, 'keys', 'bytes')
if there == 0 and ((tonumber(held[1]) or 0) + 1 > tonumber(ARGV[1])
    or (tonumber(held[2]) or 0) + #ARGV[3] + 20 > tonumber(ARGV[2])) then
  return {'quota'}
end
local done = redis.pcall('HINCRBY', values, ARGV[3], ARGV[4])
if type(done) == 'table' and done['err'] then
  if string.find(done['err'], 'overflow') then return {'overflow'} end
  return {'not a number'}
end
redis.call('ZADD', names, 0, ARGV[3])
redis.call('HINCRBY', usage, 'keys', 1 - there)
redis.call('HINCRBY', usage, 'bytes', redis.call('HSTRLEN', values, ARGV[3]) - before + (1 - there) * #ARGV[3])
return {'done', redis.call('HGET', values, ARGV[3])}";

/// Buckets in Redis.
#[derive(Clone)]
pub struct RedisStore {
    link: Link,
    quota: Quota,
    write: Script,
    increment: Script,
}

impl RedisStore {
    pub(crate) fn new(link: Link, quota: Quota) -> Self {
        Self { link, quota, write: Script::new(WRITE), increment: Script::new(INCREMENT) }
    }

    fn failed(&self, error: &RedisError) -> Fault {
        self.link.failed(error)
    }

    /// A script with the keys and the quota that both begin with.
    fn prepare<'s>(&self, script: &'s Script, bucket: &Bucket) -> ScriptInvocation<'s> {
        let mut prepared = script.prepare_invoke();
        let scope = &bucket.scope;
        prepared.key(values(bucket)).key(names(bucket)).key(format!("fondaco:kv:{{{}}}:usage", scope.tenant));
        prepared.arg(self.quota.keys).arg(self.quota.bytes);
        prepared
    }

    async fn run(&self, prepared: &ScriptInvocation<'_>) -> Result<bool, Fault> {
        let mut connection = self.link.connection()?;
        let done: String = prepared.invoke_async(&mut connection).await.map_err(|error| self.failed(&error))?;
        match done.as_str() {
            "done" => Ok(true),
            "changed" => Ok(false),
            _ => Err(faults::over_quota(self.quota)),
        }
    }
}

#[async_trait]
impl Store for RedisStore {
    async fn get_many(&self, bucket: &Bucket, keys: &[Key]) -> Result<Vec<Option<Bytes>>, Fault> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut connection = self.link.connection()?;
        let mut command = redis::cmd("HMGET");
        command.arg(values(bucket));
        for key in keys {
            command.arg(key.as_str());
        }
        let values: Vec<Option<Vec<u8>>> =
            command.query_async(&mut connection).await.map_err(|error| self.failed(&error))?;
        Ok(values.into_iter().map(|value| value.map(Bytes::from)).collect())
    }

    async fn exists(&self, bucket: &Bucket, key: &Key) -> Result<bool, Fault> {
        let mut connection = self.link.connection()?;
        let mut command = redis::cmd("HEXISTS");
        command.arg(values(bucket)).arg(key.as_str());
        command.query_async(&mut connection).await.map_err(|error| self.failed(&error))
    }

    async fn keys(&self, bucket: &Bucket, after: Option<&str>) -> Result<Page, Fault> {
        let mut connection = self.link.connection()?;
        let start = after.map_or_else(|| "-".to_owned(), |after| format!("({after}"));
        let mut command = redis::cmd("ZRANGEBYLEX");
        command.arg(names(bucket)).arg(start).arg("+").arg("LIMIT").arg(0).arg(PAGE + 1);
        let keys = command.query_async(&mut connection).await.map_err(|error| self.failed(&error))?;
        Ok(page(keys))
    }

    async fn write(&self, bucket: &Bucket, changes: &[Change]) -> Result<(), Fault> {
        let mut prepared = self.prepare(&self.write, bucket);
        prepared.arg("any").arg("");
        for change in settled(changes) {
            match &change.value {
                Some(value) => prepared.arg("set").arg(change.key.as_str()).arg(&value[..]),
                None => prepared.arg("delete").arg(change.key.as_str()).arg(""),
            };
        }
        self.run(&prepared).await.map(|_| ())
    }

    async fn increment(&self, bucket: &Bucket, key: &Key, delta: i64) -> Result<i64, Fault> {
        let mut prepared = self.prepare(&self.increment, bucket);
        prepared.arg(key.as_str()).arg(delta);
        let mut connection = self.link.connection()?;
        let done: Vec<String> = prepared.invoke_async(&mut connection).await.map_err(|error| self.failed(&error))?;
        match done.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["done", sum] => sum.parse().map_err(|_| faults::not_a_number()),
            ["overflow"] => Err(faults::out_of_range()),
            ["quota"] => Err(faults::over_quota(self.quota)),
            _ => Err(faults::not_a_number()),
        }
    }

    async fn swap(&self, bucket: &Bucket, key: &Key, expected: Option<&Bytes>, value: &Bytes) -> Result<bool, Fault> {
        let mut prepared = self.prepare(&self.write, bucket);
        match expected {
            Some(expected) => prepared.arg("value").arg(&expected[..]),
            None => prepared.arg("none").arg(""),
        };
        prepared.arg("set").arg(key.as_str()).arg(&value[..]);
        self.run(&prepared).await
    }
}

/// The hash of a bucket's values. Labels have no `:` and no braces, so that no two buckets can share a key.
fn values(bucket: &Bucket) -> String {
    let Bucket { scope, name } = bucket;
    format!("fondaco:kv:{{{}}}:values:{}:{name}", scope.tenant, scope.service)
}

/// The sorted set of a bucket's keys.
fn names(bucket: &Bucket) -> String {
    let Bucket { scope, name } = bucket;
    format!("fondaco:kv:{{{}}}:keys:{}:{name}", scope.tenant, scope.service)
}
