-- What is known of a room's history. KEYS and ARGV 3 to 5 as in `remember.lua`. Yields since when nothing was forgotten, how
-- many servers have a last number here, each with it and when it was told, and what is kept.
local ttl, heads = tonumber(ARGV[3]), tonumber(ARGV[4])
redis.call('SET', KEYS[3], string.format('%.0f', now), 'NX')
redis.call('PEXPIRE', KEYS[3], ARGV[5])
trim(KEYS[1], KEYS[2], ttl, heads)
local last = redis.call('HGETALL', KEYS[2])
local told = { redis.call('GET', KEYS[3]), #last / 2 }
for at = 1, #last do
  told[#told + 1] = last[at]
end
for _, entry in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  told[#told + 1] = entry
end
return told
