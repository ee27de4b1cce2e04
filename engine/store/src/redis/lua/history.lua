-- Takes from a room's history what is too old.
local function trim(entries, last, ttl, heads)
  while true do
    local oldest = redis.call('LINDEX', entries, 0)
    if not oldest or tonumber(string.match(oldest, '^(%d+) ')) + ttl > now then
      break
    end
    redis.call('LPOP', entries)
  end
  -- Servers come and go slowly; looking at each is dear only where there were many.
  local all = redis.call('HGETALL', last)
  for at = 1, #all, 2 do
    if tonumber(string.match(all[at + 1], ' (%d+)$')) + heads <= now then
      redis.call('HDEL', last, all[at])
    end
  end
end
