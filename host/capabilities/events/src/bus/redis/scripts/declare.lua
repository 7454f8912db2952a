-- Makes sure that subscriptions are known and have their streams and groups.
-- KEYS: version, routes, declared. ARGV: an incarnation if there is none, the streams' prefix, now in ms, partitions of
-- a new subscription; then the names. Answers the version and all routes.
local version = redis.call('GET', KEYS[1])
local changed = false
if not version then
  version = ARGV[1] .. '/0'
  changed = true
end
for at = 5, #ARGV do
  local name = ARGV[at]
  local partitions = redis.call('HGET', KEYS[2], name)
  if not partitions then
    partitions = ARGV[4]
    redis.call('HSET', KEYS[2], name, partitions)
    changed = true
  end
  for p = 0, tonumber(partitions) - 1 do
    -- From the beginning: what was settled is not in the stream any more. Fails where the group is there.
    redis.pcall('XGROUP', 'CREATE', ARGV[2] .. name .. ':' .. p, name, '0', 'MKSTREAM')
  end
  redis.call('HSET', KEYS[3], name, ARGV[3])
end
if changed then
  local incarnation, counter = string.match(version, '^(.*)/(%d+)$')
  version = incarnation .. '/' .. (tonumber(counter) + 1)
  redis.call('SET', KEYS[1], version)
end
return {version, redis.call('HGETALL', KEYS[2])}
