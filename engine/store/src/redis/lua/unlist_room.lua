-- KEYS: 1 rooms. ARGV: 2 room.
redis.call('ZREM', KEYS[1], ARGV[2])
return {}
