-- What is remembered of a user. ARGV: 4 user.
if redis.call('ZSCORE', ORDER, ARGV[4]) then
  return {redis.call('HGET', VALUES, field(ARGV[4])) or 'null'}
end
return {}
