-- A server's life, and the rooms in which it has connections or watches over who leaves.
-- Notes a room, unless the life is over; yields until when it lasts, or nothing.
local function note(lease, rooms, room, ttl)
  local til = redis.call('GET', lease)
  if not til or til == 'dead' or tonumber(til) <= now then
    return nil
  end
  redis.call('ZADD', rooms, string.format('%.0f', now), room)
  redis.call('PEXPIRE', rooms, ttl)
  return til
end
