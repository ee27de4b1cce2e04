-- A room was looked after. KEYS: 1 rooms. ARGV: 2 room, 3 when it had been noted, 4 `1` if it is still of use.
if tonumber(redis.call('ZSCORE', KEYS[1], ARGV[2]) or -1) == tonumber(ARGV[3]) then
  if ARGV[4] == '1' then
    redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[2])
  else
    redis.call('ZREM', KEYS[1], ARGV[2])
  end
end
return {}
