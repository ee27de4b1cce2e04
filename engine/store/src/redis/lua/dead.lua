-- Lives to bury. KEYS: 1 all lives by the end of their leases. ARGV: 2 how far clocks may differ, 3 how many, 4 how long
-- the burier has before others try. Yields them.
local dead = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]), 'LIMIT', 0, ARGV[3])
for _, life in ipairs(dead) do
  redis.call('ZADD', KEYS[1], string.format('%.0f', now + tonumber(ARGV[4])), life)
end
return dead
