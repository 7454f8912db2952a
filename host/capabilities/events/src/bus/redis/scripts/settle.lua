-- Entries of a subscription were handled: they go.
-- KEYS: open, attempts. ARGV: the streams' prefix, the subscription; then for each entry: partition, id, event's id.
local stream_prefix = ARGV[1] .. ARGV[2] .. ':'
for at = 3, #ARGV, 3 do
  local stream, id, event = stream_prefix .. ARGV[at], ARGV[at + 1], ARGV[at + 2]
  redis.call('XACK', stream, ARGV[2], id)
  -- Only who takes it out counts it: settling twice does no harm.
  if redis.call('XDEL', stream, id) == 1 and redis.call('HINCRBY', KEYS[1], event, -1) <= 0 then
    redis.call('HDEL', KEYS[1], event)
  end
  redis.call('HDEL', KEYS[2], ARGV[at] .. ':' .. id)
end
return 1
