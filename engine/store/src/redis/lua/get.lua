-- The value of an entry. ARGV: 4 name.
local deadline = redis.call('ZSCORE', DEADLINES, ARGV[4])
if deadline and tonumber(deadline) > now then
  return {redis.call('HGET', VALUES, ARGV[4])}
end
return {}
