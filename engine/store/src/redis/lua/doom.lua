-- Ends a life whose lease is over, so that it can begin nothing more. KEYS: 1 lease, 2 rooms. ARGV: 2 how long keys live
-- untouched, 3 how far clocks may differ, 4 how many rooms. Yields `alive` and until when, or `dead` and rooms it had.
local til = redis.call('GET', KEYS[1])
if til and til ~= 'dead' and tonumber(til) + tonumber(ARGV[3]) > now then
  return {'alive', til}
end
redis.call('SET', KEYS[1], 'dead', 'PX', ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
local answer = redis.call('ZRANGE', KEYS[2], 0, tonumber(ARGV[4]) - 1)
table.insert(answer, 1, 'dead')
return answer
