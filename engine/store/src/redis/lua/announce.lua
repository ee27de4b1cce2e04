-- A server tells of itself. KEYS: 1 what servers told. ARGV: 2 server, 3 what it tells, 4 how long that holds. What other
-- servers told and did not renew goes. Yields how many told something.
local lasts = tonumber(ARGV[4])
-- Written first: it is permitted when Redis is full, and what follows it then is, too.
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.max(redis.call('PTTL', KEYS[1]), lasts)))
local told = redis.call('HGETALL', KEYS[1])
for at = 1, #told, 2 do
  local til = tonumber(string.match(told[at + 1], '^(%d+) '))
  if not til or til < now then
    redis.call('HDEL', KEYS[1], told[at])
  end
end
redis.call('HSET', KEYS[1], ARGV[2], string.format('%.0f ', now + lasts) .. ARGV[3])
if redis.call('PTTL', KEYS[1]) < lasts then
  redis.call('PEXPIRE', KEYS[1], lasts)
end
return { redis.call('HLEN', KEYS[1]) }
