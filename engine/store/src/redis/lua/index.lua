-- An index: key -> by when the collection must be looked at, never too late. A score with a half in it says that nothing
-- was found there at the last look; it goes with the next one, unless it is written about in between.

-- Sees to it that a collection is looked at `life` milliseconds from now, or earlier.
local function remind(index, key, life, keep)
  local at = now + life
  local known = redis.call('ZSCORE', index, key)
  if known then
    at = math.min(math.floor(tonumber(known)), at)
  end
  redis.call('ZADD', index, string.format('%.0f', at), key)
  if redis.call('PTTL', index) < life + keep then
    redis.call('PEXPIRE', index, string.format('%.0f', life + keep))
  end
end
