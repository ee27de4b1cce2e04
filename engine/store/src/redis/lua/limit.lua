-- GCRA in virtual scheduling form, in microseconds, as `limiter.rs` has it. KEYS: 1 when the next event would be due. ARGV:
-- 2 what an event costs, 3 what may be spent ahead, 4 how long the key outlives its use. Yields 0, or in how many
-- milliseconds the next one would pass.
local now_us = now * 1000
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now_us)
local ahead, burst = due - now_us, tonumber(ARGV[3])
if ahead > burst then
  return {math.max(math.ceil((ahead - burst) / 1000), 1)}
end
due = due + tonumber(ARGV[2])
local life = math.max(math.ceil((due - now_us) / 1000), 1) + tonumber(ARGV[4])
redis.call('SET', KEYS[1], string.format('%.0f', due), 'PX', string.format('%.0f', life))
return {0}
