-- A replica keeps the partitions that it has, and takes no new ones. One whose lease has ended may be another's by now.
-- KEYS: replicas. ARGV: the leases' prefix, the replica, how long a lease lasts in ms; then the partitions.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now + tonumber(ARGV[3]), ARGV[2])
for at = 4, #ARGV do
  if redis.call('GET', ARGV[1] .. ARGV[at]) == ARGV[2] then
    redis.call('PEXPIRE', ARGV[1] .. ARGV[at], ARGV[3])
  end
end
return 1
