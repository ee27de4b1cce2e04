-- What ran out was dealt with. ARGV: 4 id.
redis.call('ZREM', LEASES, ARGV[4])
redis.call('HDEL', GONE, ARGV[4])
return {}
