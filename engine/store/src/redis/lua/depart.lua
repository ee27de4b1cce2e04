-- Gives out who has left. ARGV: 4 how many, 5 how long the claimer has. Yields in how many milliseconds there is more (-1:
-- never), then for each the user, the mark by which it is settled, and the value.
touch()
for _, user in ipairs(redis.call('ZRANGEBYSCORE', LEAVING, '-inf', now)) do
  local since = redis.call('ZSCORE', LEAVING, user)
  redis.call('ZREM', LEAVING, user)
  if not has_connections(user) then
    keep_gone(user, '0', take_out(user), since)
  end
end
local answer = {-1}
for _, user in ipairs(redis.call('ZRANGEBYSCORE', LEASES, '-inf', now, 'LIMIT', 0, ARGV[4])) do
  local kept, mark = redis.call('HGET', GONE, user) or '0null', now + tonumber(ARGV[5])
  local value = string.sub(kept, 2)
  keep_gone(user, '1', value, mark)
  answer[#answer + 1] = user
  answer[#answer + 1] = string.format('%.0f', mark)
  answer[#answer + 1] = value
end
touch()
answer[1] = next_wait()
return answer
