-- Entries of a subscription were handled: they go.
-- KEYS: version, open, attempts. ARGV: the incarnation that they are of, the streams' prefix, the subscription; then for
-- each entry: partition, id, event's id. Answers 0 if it is another incarnation: its entries may have the same ids.
local version = redis.call('GET', KEYS[1])
if not version or string.match(version, '^[^/]*') ~= ARGV[1] then
  return 0
end
local stream_prefix = ARGV[2] .. ARGV[3] .. ':'
for at = 4, #ARGV, 3 do
  local stream, id, event = stream_prefix .. ARGV[at], ARGV[at + 1], ARGV[at + 2]
  -- Only who takes it out counts it: settling twice does no harm.
  if redis.call('XDEL', stream, id) == 1 and redis.call('HINCRBY', KEYS[2], event, -1) <= 0 then
    redis.call('HDEL', KEYS[2], event)
  end
  redis.call('HDEL', KEYS[3], ARGV[at] .. ':' .. id)
end
return 1
