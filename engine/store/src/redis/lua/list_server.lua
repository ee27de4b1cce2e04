-- KEYS: 1 all lives by the end of their leases. ARGV: 2 how long the key lives untouched, 3 life, 4 until when.
-- Written first: it is permitted when Redis is full, and what follows it then is, too.
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('ZADD', KEYS[1], ARGV[4], ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return {}
