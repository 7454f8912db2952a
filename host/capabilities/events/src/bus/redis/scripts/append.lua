-- Puts events into the streams of the subscriptions that want them, all or none.
-- KEYS: version, open. ARGV: the version that the caller knows, the streams' prefix; then for each event: its id, its
-- JSON, how many streams, their names. Answers 0 if the version is another one: then the caller's streams are stale.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
local at = 3
while at <= #ARGV do
  local id, event, streams = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  if redis.call('HEXISTS', KEYS[2], id) == 0 then
    for n = 1, streams do
      redis.call('XADD', ARGV[2] .. ARGV[at + 2 + n], '*', 'id', id, 'event', event)
    end
    redis.call('HSET', KEYS[2], id, streams)
  end
  at = at + 3 + streams
end
return 1
