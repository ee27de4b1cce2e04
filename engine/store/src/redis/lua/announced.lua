-- What servers told that still holds. KEYS: 1 what servers told. Yields server, until when, and what it told, in turn.
local told, holds = redis.call('HGETALL', KEYS[1]), {}
for at = 1, #told, 2 do
  local til, text = string.match(told[at + 1], '^(%d+) (.*)$')
  if til and tonumber(til) >= now then
    holds[#holds + 1] = told[at]
    holds[#holds + 1] = til
    holds[#holds + 1] = text
  end
end
return holds
