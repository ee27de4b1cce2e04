-- A server lives. KEYS: 1 lease, 2 rooms. ARGV: 2 how long keys live untouched, 3 how long the lease lasts, 4 `1` if the
-- life begins. Yields until when it lasts, or nothing if it is over.
local til = redis.call('GET', KEYS[1])
if ARGV[4] ~= '1' and (not til or til == 'dead') then
  return {}
end
til = string.format('%.0f', now + tonumber(ARGV[3]))
-- Written first: it is permitted when Redis is full, and what follows it then is, too. A full Redis is nobody's death.
redis.call('PEXPIRE', KEYS[2], ARGV[2])
redis.call('SET', KEYS[1], til, 'PX', ARGV[2])
return {til}
