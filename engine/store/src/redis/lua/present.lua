-- Who is there: users and values by turns, in order of arrival.
local users, answer = redis.call('ZRANGE', ORDER, 0, -1), {}
for from = 1, #users, 1000 do
  local fields = {}
  for at = from, math.min(from + 999, #users) do
    fields[#fields + 1] = field(users[at])
  end
  for at, value in ipairs(redis.call('HMGET', VALUES, unpack(fields))) do
    answer[#answer + 1] = users[from + at - 1]
    answer[#answer + 1] = value or 'null'
  end
end
return answer
