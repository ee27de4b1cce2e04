-- A connection leaves. ARGV: 4 user, 5 life, 6 connection, 7 grace period, 8 how long the caller has to settle. Yields 0: it
-- was the last, with the value and the mark by which that is settled; 1: others are there; 2: it was not there; 3: the
-- grace period begins.
local user = ARGV[4]
if redis.call('ZREM', CONNS, prefix(user) .. ARGV[5] .. ' ' .. ARGV[6]) == 0 then
  return {2}
end
if has_connections(user) then
  touch()
  return {1}
end
local grace = tonumber(ARGV[7])
if grace > 0 then
  redis.call('ZADD', LEAVING, string.format('%.0f', now + grace), user)
  touch()
  return {3}
end
local value, mark = take_out(user), now + tonumber(ARGV[8])
keep_gone(user, '1', value, mark)
touch()
return {0, value, string.format('%.0f', mark)}
