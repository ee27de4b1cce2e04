-- Removes all entries; yields how many there were.
local purged = purge()
local count = redis.call('ZCARD', DEADLINES)
redis.call('DEL', VALUES, DEADLINES, ORDER, WATCHES)
if purged then
  touch()
end
return {count}
