-- A replica stops reading a subscription: others need not wait for its leases to end.
-- KEYS: replicas. ARGV: the leases' prefix, the replica, partitions.
redis.call('ZREM', KEYS[1], ARGV[2])
for p = 0, tonumber(ARGV[3]) - 1 do
  if redis.call('GET', ARGV[1] .. p) == ARGV[2] then
    redis.call('DEL', ARGV[1] .. p)
  end
end
return 1
