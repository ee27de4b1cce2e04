-- Gives out what ran out. ARGV: 4 how many, 5 how long the claimer has. Yields in how many milliseconds there is more (-1:
-- never), the mark that the claims bear, then for each its id and content.
touch()
purge()
local ids = redis.call('ZRANGEBYSCORE', LEASES, '-inf', now, 'LIMIT', 0, ARGV[4])
local mark = string.format('%.0f', now + tonumber(ARGV[5]))
local answer = {-1, mark}
for _, id in ipairs(ids) do
  redis.call('ZADD', LEASES, mark, id)
  answer[#answer + 1] = id
  answer[#answer + 1] = redis.call('HGET', GONE, id)
end
touch()
local function sooner(key)
  local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]
  if first then
    local wait = math.max(tonumber(first) - now, 0)
    answer[1] = answer[1] < 0 and wait or math.min(answer[1], wait)
  end
end
sooner(LEASES)
if redis.call('EXISTS', WATCHES) == 1 then
  sooner(DEADLINES)
end
return answer
