//! What the cache does in Redis, each in one step, and what its keys are called there.

use redis::Script;

use crate::link::TRACKED;
use crate::names::{Key, Scope};

/// KEYS: entry, the tenant's entries by their end, their sizes, the lease. ARGV: name of the entry, value, milliseconds
/// to live, bytes that the tenant may hold, the lease's token or nothing when it needs none.
///
/// First what has ended is no longer counted, then entries that end soonest make room, of this tenant alone. Both are
/// bounded, so that no call holds Redis up for long; each call adds one entry and takes up to a hundred off.
const SET: &str = r"
local entry, ends, sizes, lease = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local name, value, ttl, most, token = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
if token ~= '' and redis.call('GET', lease) ~= token then return 0 end
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local prefix = string.sub(entry, 1, #entry - #name)
local function forget(gone)
  local size = tonumber(redis.call('HGET', sizes, gone)) or 0
  redis.call('HDEL', sizes, gone)
  redis.call('ZREM', ends, gone)
  redis.call('HINCRBY', sizes, '', -size)
end
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', ends, '-inf', now, 'LIMIT', 0, 100)) do forget(gone) end
if redis.call('HEXISTS', sizes, name) == 1 then forget(name) end
local size = #name + #value
local room = 100
while (tonumber(redis.call('HGET', sizes, '')) or 0) + size > most and room > 0 do
  local first = redis.call('ZRANGE', ends, 0, 0)[1]
  if not first then break end
  forget(first)
  redis.call('DEL', prefix .. first)
  room = room - 1
end
redis.call('DEL', lease)
if (tonumber(redis.call('HGET', sizes, '')) or 0) + size > most then
  redis.call('DEL', entry)
  return 1
end
redis.call('SET', entry, value, 'PX', ttl)
redis.call('ZADD', ends, now + ttl, name)
redis.call('HSET', sizes, name, size)
redis.call('HINCRBY', sizes, '', size)
redis.call('PEXPIRE', ends, 90000000)
redis.call('PEXPIRE', sizes, 90000000)
return 1";

/// KEYS as of `SET`. ARGV: name of the entry.
const DELETE: &str = r"
redis.call('DEL', KEYS[1], KEYS[4])
local size = tonumber(redis.call('HGET', KEYS[3], ARGV[1]))
if size then
  redis.call('HDEL', KEYS[3], ARGV[1])
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('HINCRBY', KEYS[3], '', -size)
end
return 1";

/// KEYS: entry, lease. ARGV: token, milliseconds. Answers the value; nothing when the lease is one's own; 0 when it is
/// another's.
const LOAD: &str = r"
local value = redis.call('GET', KEYS[1])
if value then return value end
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then return false end
return 0";

/// KEYS: lease. ARGV: token.
const RELEASE: &str = "if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end return 1";

/// The scripts, with their digests.
pub(super) struct Scripts {
    pub(super) set: Script,
    pub(super) delete: Script,
    pub(super) load: Script,
    pub(super) release: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            set: Script::new(SET),
            delete: Script::new(DELETE),
            load: Script::new(LOAD),
            release: Script::new(RELEASE),
        }
    }
}

/// What an entry and what belongs to it is called in Redis. All of a tenant's carry one hash tag.
pub(super) struct Names<'a> {
    scope: &'a Scope,
    key: &'a Key,
}

impl<'a> Names<'a> {
    pub(super) fn of(scope: &'a Scope, key: &'a Key) -> Self {
        Self { scope, key }
    }

    /// The entry within its tenant.
    pub(super) fn name(&self) -> String {
        format!("{}:{}", self.scope.service, self.key.as_str())
    }

    pub(super) fn entry(&self) -> String {
        format!("{TRACKED}{{{}}}:{}", self.scope.tenant, self.name())
    }

    pub(super) fn lease(&self) -> String {
        format!("fondaco:cache:l:{{{}}}:{}", self.scope.tenant, self.name())
    }

    pub(super) fn ends(&self) -> String {
        format!("fondaco:cache:x:{{{}}}", self.scope.tenant)
    }

    pub(super) fn sizes(&self) -> String {
        format!("fondaco:cache:s:{{{}}}", self.scope.tenant)
    }
}
