-- A subscription is not wanted any more: no event goes there from now on.
-- KEYS: version, routes, declared, attempts. ARGV: the subscription.
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('DEL', KEYS[4])
local version = redis.call('GET', KEYS[1])
if redis.call('HDEL', KEYS[2], ARGV[1]) == 1 and version then
  local incarnation, counter = string.match(version, '^(.*)/(%d+)$')
  redis.call('SET', KEYS[1], incarnation .. '/' .. (tonumber(counter) + 1))
end
return 1
