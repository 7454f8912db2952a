-- Shares a subscription's partitions among the replicas that read it.
-- KEYS: replicas. ARGV: the leases' prefix, the replica, how long a lease lasts in ms, partitions. Answers the
-- partitions that are the replica's until then.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local me, lasts, partitions = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
redis.call('ZADD', KEYS[1], now + lasts, me)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
local share = math.ceil(partitions / redis.call('ZCARD', KEYS[1]))
local mine = {}
for p = 0, partitions - 1 do
  if redis.call('GET', ARGV[1] .. p) == me then
    if #mine < share then
      redis.call('PEXPIRE', ARGV[1] .. p, lasts)
      mine[#mine + 1] = p
    else
      -- Another replica's share.
      redis.call('DEL', ARGV[1] .. p)
    end
  end
end
for p = 0, partitions - 1 do
  if #mine < share and redis.call('SET', ARGV[1] .. p, me, 'NX', 'PX', lasts) then
    mine[#mine + 1] = p
  end
end
return mine
