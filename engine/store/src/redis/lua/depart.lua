-- Gives out who has left. ARGV: 4 how many, 5 how long the claimer has. Yields in how many milliseconds there is more (-1:
-- never), the mark that the claims bear, then for each the user and the value.
touch()
for _, user in ipairs(redis.call('ZRANGEBYSCORE', LEAVING, '-inf', now)) do
  local since = redis.call('ZSCORE', LEAVING, user)
  redis.call('ZREM', LEAVING, user)
  if not has_connections(user) then
    keep_gone(user, '0', take_out(user), since)
  end
end
local mark = now + tonumber(ARGV[5])
local answer = {-1, string.format('%.0f', mark)}
for _, user in ipairs(redis.call('ZRANGEBYSCORE', LEASES, '-inf', now, 'LIMIT', 0, ARGV[4])) do
  local kept = redis.call('HGET', GONE, user) or '0null'
  local value = string.sub(kept, 2)
  keep_gone(user, '1', value, mark)
  answer[#answer + 1] = user
  answer[#answer + 1] = value
end
touch()
answer[1] = next_wait()
return answer
