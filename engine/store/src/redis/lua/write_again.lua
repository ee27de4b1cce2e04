-- Writes anew an entry that is there, where nothing has run out and nothing is watched: what most writes are, in half the
-- work. All others are left to `write.lua`, whose KEYS and ARGV these are. Keys may outlive their last entry by a slack, so
-- that not each write has to say again when they end.
local SLACK_MAX = 1000

local is_plain = ARGV[10] == '' and ARGV[11] == '' and (ARGV[4] == 'any' or ARGV[4] == 'existing')
if is_plain and redis.call('EXISTS', KEYS[4], KEYS[5]) == 0 and redis.call('ZCOUNT', KEYS[2], '-inf', now) == 0 then
  local last = now + tonumber(ARGV[7])
  -- Not changed: it is not there, or was written in this millisecond.
  if redis.call('ZADD', KEYS[2], 'XX', 'CH', string.format('%.0f', last), ARGV[5]) == 1 then
    redis.call('HSET', KEYS[1], ARGV[5], ARGV[6])
    local keep, slack = tonumber(ARGV[2]), math.min(math.floor(ARGV[7] / 8), SLACK_MAX)
    local life = redis.call('PTTL', KEYS[1])
    if life > last - now + keep + slack then
      -- Another entry ends later; or it was this one that did.
      last = tonumber(redis.call('ZREVRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2])
    end
    local least = math.max(last - now, 0) + keep
    if life < least or life > least + slack then
      for at = 1, 3 do
        redis.call('PEXPIRE', KEYS[at], string.format('%.0f', least + slack))
      end
    end
    return 0
  end
end
