-- Counts a user's connection. KEYS: 1 connections. ARGV: 2 how long the key lives untouched, 3 connection, 4 how many at
-- most, 5 one that it takes the place of, or empty. Yields 1, or 0 and those that are there.
if ARGV[5] ~= '' then
  redis.call('ZREM', KEYS[1], ARGV[5])
end
if not redis.call('ZSCORE', KEYS[1], ARGV[3]) and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[4]) then
  local answer = redis.call('ZRANGE', KEYS[1], 0, -1)
  table.insert(answer, 1, 0)
  return answer
end
redis.call('ZADD', KEYS[1], 0, ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {1}
