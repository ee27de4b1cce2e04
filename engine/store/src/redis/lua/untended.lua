-- Rooms that were not noted for long. KEYS: 1 rooms. ARGV: 2 for how long, 3 how many. Yields rooms and when by turns.
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]), 'WITHSCORES', 'LIMIT', 0, ARGV[3])
