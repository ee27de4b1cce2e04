-- KEYS: 1 all lives. ARGV: 2 life.
redis.call('ZREM', KEYS[1], ARGV[2])
return {}
