-- A leaving was dealt with, unless others claimed it meanwhile or the user came back. ARGV: 4 user, 5 mark.
if tonumber(redis.call('ZSCORE', LEASES, ARGV[4]) or -1) == tonumber(ARGV[5]) then
  redis.call('ZREM', LEASES, ARGV[4])
  redis.call('HDEL', GONE, ARGV[4])
end
return {}
