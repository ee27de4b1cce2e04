-- Which of these lives are over. KEYS: 1 all lives by the end of their leases. ARGV: 2 how far clocks may differ, from 3 on
-- lives.
local answer = {}
for at = 3, #ARGV do
  local til = redis.call('ZSCORE', KEYS[1], ARGV[at])
  if not til or tonumber(til) + tonumber(ARGV[2]) <= now then
    answer[#answer + 1] = ARGV[at]
  end
end
return answer
