-- Lengthens claims of which their claimer has heard. KEYS: 1 id -> when it may be claimed. ARGV: 2 the mark that the claims
-- bear, 3 how long the claimer has, 4 and on: ids. Yields the mark that they bear from now on, then for each `1` if it is
-- still the claimer's, else `0`.
-- Written first: it is permitted when Redis is full, and what follows it then is, too.
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.max(redis.call('PTTL', KEYS[1]), tonumber(ARGV[3]))))
local mark = string.format('%.0f', now + tonumber(ARGV[3]))
local answer = {mark}
for at = 4, #ARGV do
  local is_held = tonumber(redis.call('ZSCORE', KEYS[1], ARGV[at]) or -1) == tonumber(ARGV[2])
  if is_held then
    redis.call('ZADD', KEYS[1], mark, ARGV[at])
  end
  answer[#answer + 1] = is_held and 1 or 0
end
return answer
