-- Appends to the history of a room. KEYS: 1 entries, 2 the last number of each server, 3 since when nothing was forgotten.
-- ARGV: 2 how many are kept, 3 how long, 4 how long last numbers are, 5 how long it is known that nothing was forgotten,
-- 6 `1`: also where what comes before is not there; then for each entry its server, number, the number before it, and what
-- was sent. Yields -1, or the last number of the server whose next entries are not there.
local size, ttl, heads = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local stamp = string.format('%.0f', now)
redis.call('SET', KEYS[3], stamp, 'NX')
redis.call('PEXPIRE', KEYS[3], ARGV[5])
local last, lacks, changed = {}, -1, false
for at = 7, #ARGV, 4 do
  local origin, number, before = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  if last[origin] == nil then
    local head = redis.call('HGET', KEYS[2], origin)
    last[origin] = head and tonumber(string.match(head, '^(%d+) ')) or 0
  end
  if tonumber(number) > last[origin] then
    if ARGV[6] ~= '1' and before ~= 0 and before ~= last[origin] then
      lacks = last[origin]
      break
    end
    redis.call('RPUSH', KEYS[1], stamp .. ' ' .. origin .. ' ' .. number .. ' ' .. ARGV[at + 2] .. ' ' .. ARGV[at + 3])
    redis.call('HSET', KEYS[2], origin, number .. ' ' .. stamp)
    last[origin], changed = tonumber(number), true
  end
end
if changed then
  redis.call('LTRIM', KEYS[1], -size, -1)
  redis.call('PEXPIRE', KEYS[1], ttl)
  redis.call('PEXPIRE', KEYS[2], heads)
  trim(KEYS[1], KEYS[2], ttl, heads)
end
return { string.format('%.0f', lacks) }
