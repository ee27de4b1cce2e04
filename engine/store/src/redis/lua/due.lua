-- Collections to look at now. KEYS: 1 index. ARGV: 2 how many, 3 how long the looker has before others look too, 4 how long
-- the index is kept at least.
-- Yields in how many milliseconds there is more (-1: never), then for each the key and the mark by which it is put back.
-- Written first: it is permitted when Redis is full, and what follows it then is, too.
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.max(redis.call('PTTL', KEYS[1]), tonumber(ARGV[4]))))
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local answer = {-1}
for at = 1, #due, 2 do
  local score = tonumber(due[at + 1])
  local mark = string.format('%.1f', now + tonumber(ARGV[3]) + score - math.floor(score))
  redis.call('ZADD', KEYS[1], mark, due[at])
  answer[#answer + 1] = due[at]
  answer[#answer + 1] = mark
end
local first = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')[2]
if first then
  answer[1] = math.max(math.floor(tonumber(first)) - now, 0)
end
return answer
