-- A connection enters. KEYS: 8 lease, 9 rooms, where they lie in the same slot. ARGV: 4 user, 5 life, 6 connection,
-- 7 value, 8 until when, by Redis' clock, if the life was asked for before, 9 the room as the life's list has it, 10 `1` if
-- it is told again. Yields 0: the user was there, or never told gone; 1: they come; 2: the life is over.
local user, is_again = ARGV[4], ARGV[10] == '1'
if KEYS[8] then
  if not note(KEYS[8], KEYS[9], ARGV[9], ARGV[2]) then
    return {2}
  end
elseif now > tonumber(ARGV[8]) then
  return {2}
end
local is_there = redis.call('ZSCORE', ORDER, user)
redis.call('ZADD', CONNS, 0, prefix(user) .. ARGV[5] .. ' ' .. ARGV[6])
redis.call('HSET', VALUES, field(user), ARGV[7])
redis.call('ZREM', LEAVING, user)
local comes = 0
if not is_there then
  local last = redis.call('ZREVRANGE', ORDER, 0, 0, 'WITHSCORES')[2]
  redis.call('ZADD', ORDER, string.format('%.0f', (tonumber(last) or -1) + 1), user)
  -- Whoever comes back before it was claimed has not left.
  local pending = redis.call('HGET', GONE, user)
  local told = tonumber(redis.call('ZSCORE', TOLD, user) or 0) > now
  if pending then
    comes = string.sub(pending, 1, 1) == '1' and 1 or 0
  elseif told or not is_again then
    comes = 1
  end
  redis.call('HDEL', GONE, user)
  redis.call('ZREM', LEASES, user)
  redis.call('ZREM', TOLD, user)
end
touch()
return {comes}
