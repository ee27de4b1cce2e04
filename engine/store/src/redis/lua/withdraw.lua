-- Connections count no more. KEYS: 1 connections. ARGV: from 2 on, these.
for at = 2, #ARGV do
  redis.call('ZREM', KEYS[1], ARGV[at])
end
return {}
