-- Writes an entry. KEYS: 7 the index, where it lies in the same slot. ARGV: 4 how (`any`, `new`, `existing`; `number`: under
-- the next number; `count`: adds to a number), 5 name, 6 value, 7 life, 8 how many at most, 9 `1` if the oldest makes room,
-- 10 `1` and what watches it, or empty, 11 `1` if the value is too large, 12 the key as the index has it, 13 until when,
-- by Redis' clock, or empty. Yields what became of it: 0 done, 1 not, 2 full, 3 too large, 4 too late; and what was counted.
if ARGV[13] ~= '' and now > tonumber(ARGV[13]) then
  return {4}
end
local how, name, value, life = ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7])
local purged = purge()

local function done(code)
  if purged then
    touch()
  end
  return {code}
end

if how == 'number' then
  name = string.format('%.0f', next_place())
end
local is_there = redis.call('ZSCORE', DEADLINES, name)
if (how == 'new' and is_there) or (how == 'existing' and not is_there) then
  return done(1)
end
if ARGV[11] == '1' then
  return done(3)
end
if not is_there and redis.call('ZCARD', DEADLINES) >= tonumber(ARGV[8]) then
  if ARGV[9] ~= '1' then
    return done(2)
  end
  local oldest = redis.call('ZRANGE', ORDER, 0, 0)[1]
  if oldest then
    remove(oldest)
  end
end

if how == 'count' then
  -- Redis counts in 64 bits; Lua would lose digits.
  local counted = redis.pcall('HINCRBY', VALUES, name, value)
  if type(counted) == 'table' and counted.err then
    if string.find(counted.err, 'overflow') then
      local bound = string.sub(value, 1, 1) == '-' and '-9223372036854775808' or '9223372036854775807'
      redis.call('HSET', VALUES, name, bound)
    elseif string.find(counted.err, 'not an integer') then
      redis.call('HSET', VALUES, name, value)
    else
      return counted
    end
  end
  value = redis.call('HGET', VALUES, name)
else
  redis.call('HSET', VALUES, name, value)
end
redis.call('ZADD', DEADLINES, string.format('%.0f', now + life), name)
if not is_there then
  redis.call('ZADD', ORDER, string.format('%.0f', next_place()), name)
end
if ARGV[10] ~= '' then
  redis.call('HSET', WATCHES, name, string.sub(ARGV[10], 2))
  if KEYS[7] then
    remind(KEYS[7], ARGV[12], life, tonumber(ARGV[3]))
  end
else
  redis.call('HDEL', WATCHES, name)
end
touch()
return how == 'count' and {0, value} or 0
