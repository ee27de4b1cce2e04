-- One server leads. KEYS: 1 who leads. ARGV: 2 server, 3 for how long. Yields 1 if it is this one.
local leader = redis.call('GET', KEYS[1])
if leader and leader ~= ARGV[2] then
  return { 0 }
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return { 1 }
