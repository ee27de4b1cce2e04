-- A server's life is over: its connections go, and with them the users who had no others. ARGV: 4 life.
touch()
redis.call('ZREMRANGEBYSCORE', TOLD, '-inf', now)
local seen = {}
for _, conn in ipairs(redis.call('ZRANGE', CONNS, 0, -1)) do
  local user, life = parts(conn)
  if life == ARGV[4] then
    redis.call('ZREM', CONNS, conn)
    seen[#seen + 1] = user
  end
end
for _, user in ipairs(seen) do
  if not has_connections(user) and redis.call('ZSCORE', ORDER, user) and not redis.call('ZSCORE', LEAVING, user) then
    keep_gone(user, '0', take_out(user), now)
    redis.call('ZADD', TOLD, string.format('%.0f', now + TOLD_MS), user)
  end
end
touch()
return {#seen}
