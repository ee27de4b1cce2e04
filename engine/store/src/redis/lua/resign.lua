-- A server leads no more. KEYS: 1 who leads. ARGV: 2 server.
if redis.call('GET', KEYS[1]) == ARGV[2] then
  redis.call('DEL', KEYS[1])
end
return {}
