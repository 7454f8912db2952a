-- Makes sure that subscriptions are known.
-- KEYS: version, routes, declared. ARGV: an incarnation if there is none, now in ms, partitions of a new subscription;
-- then the names. Answers the version and all routes.
local version = redis.call('GET', KEYS[1])
local changed = false
if not version then
  version = ARGV[1] .. '/0'
  changed = true
end
for at = 4, #ARGV do
  local name = ARGV[at]
  if redis.call('HSETNX', KEYS[2], name, ARGV[3]) == 1 then
    changed = true
  end
  redis.call('HSET', KEYS[3], name, ARGV[2])
end
if changed then
  local incarnation, counter = string.match(version, '^(.*)/(%d+)$')
  version = incarnation .. '/' .. (tonumber(counter) + 1)
  redis.call('SET', KEYS[1], version)
end
return {version, redis.call('HGETALL', KEYS[2])}
