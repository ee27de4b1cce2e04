-- A server is to act on what was published. KEYS: one for each. ARGV: 2 server, 3 how long that is remembered. Yields for
-- each 1 if this server is to act on it, which it is told again if it asks again.
local ours = {}
for at, key in ipairs(KEYS) do
  local is_new = redis.call('SET', key, ARGV[2], 'NX', 'PX', ARGV[3])
  ours[at] = (is_new or redis.call('GET', key) == ARGV[2]) and 1 or 0
end
return ours
