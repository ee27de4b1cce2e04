-- A server tells no more. KEYS: 1 what servers told. ARGV: 2 server.
redis.call('HDEL', KEYS[1], ARGV[2])
return {}
