-- Entries in order of arrival: names and values by turns. ARGV: 4 the last so many, or empty. Reads only, so that it is
-- answered by a full Redis too.
local found = ran_out()
local names
if #found == 0 and ARGV[4] ~= '' then
  -- From the end: `-0` would be the beginning.
  names = ARGV[4] == '0' and {} or redis.call('ZRANGE', ORDER, '-' .. ARGV[4], -1)
else
  local is_over = {}
  for at = 1, #found, 2 do
    is_over[found[at]] = true
  end
  local all = {}
  for _, name in ipairs(redis.call('ZRANGE', ORDER, 0, -1)) do
    if not is_over[name] then
      all[#all + 1] = name
    end
  end
  names = all
  if ARGV[4] ~= '' then
    names = {}
    for at = math.max(#all - tonumber(ARGV[4]) + 1, 1), #all do
      names[#names + 1] = all[at]
    end
  end
end
local answer = {}
in_parts(names, function(part)
  local values = redis.call('HMGET', VALUES, unpack(part))
  for at, name in ipairs(part) do
    -- A hash that others changed may lack a value.
    if values[at] then
      answer[#answer + 1] = name
      answer[#answer + 1] = values[at]
    end
  end
end)
return answer
