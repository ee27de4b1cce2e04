-- A collection was looked at. KEYS: 1 index. ARGV: 2 key, 3 the mark that `due` gave, 4 in how many milliseconds to look
-- again (-1: there is nothing), 5 how long a key stays though there was nothing: 0 where index and collection change in one
-- script, else long enough for a write to arrive that reminded already, 6 how long the index outlives it.
local known = redis.call('ZSCORE', KEYS[1], ARGV[2])
local again, hold = tonumber(ARGV[4]), tonumber(ARGV[5])
-- Written first: it is permitted when Redis is full, and what follows it then is, too.
local life = math.max(redis.call('PTTL', KEYS[1]), math.max(again, hold) + tonumber(ARGV[6]))
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', life))
if not known or tonumber(known) ~= tonumber(ARGV[3]) then
  -- Somebody reminded meanwhile, and not necessarily of what was found.
  if again >= 0 then
    remind(KEYS[1], ARGV[2], again, tonumber(ARGV[6]))
  end
elseif again >= 0 then
  redis.call('ZADD', KEYS[1], string.format('%.0f', now + again), ARGV[2])
elseif hold == 0 or tonumber(known) % 1 ~= 0 then
  redis.call('ZREM', KEYS[1], ARGV[2])
else
  redis.call('ZADD', KEYS[1], string.format('%.0f.5', now + hold), ARGV[2])
end
return {}
