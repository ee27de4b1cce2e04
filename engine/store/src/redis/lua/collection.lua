-- A collection. KEYS: 1 name -> value, 2 name -> deadline, 3 name -> place in the order of arrival, 4 name -> watch, for
-- those that are watched; 5 id -> what ran out and is not settled, 6 id -> when it may be claimed. An id is a deadline and
-- a name. ARGV: 2 how long keys outlive their last deadline, 3 the same where something is watched.
local VALUES, DEADLINES, ORDER, WATCHES, GONE, LEASES = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]

-- Calls with many members go in parts: Lua's stack is short.
local PART = 1000
-- More than this are not kept unsettled; the oldest go.
local GONE_MAX = 10000

local function in_parts(members, act)
  for from = 1, #members, PART do
    local part = {}
    for at = from, math.min(from + PART - 1, #members) do
      part[#part + 1] = members[at]
    end
    act(part)
  end
end

local function ran_out()
  return redis.call('ZRANGEBYSCORE', DEADLINES, '-inf', now, 'WITHSCORES')
end

-- Keeps what is watched until it is settled. The first write of all is a removal, which a full Redis permits; what follows
-- it in a script is permitted then.
local function purge_part(part, deadlines)
  redis.call('ZREM', DEADLINES, unpack(part))
  local watches = redis.call('HMGET', WATCHES, unpack(part))
  local values = redis.call('HMGET', VALUES, unpack(part))
  for at, name in ipairs(part) do
    if watches[at] then
      local id = deadlines[name] .. ' ' .. name
      redis.call('HSET', GONE, id, #watches[at] .. ' ' .. watches[at] .. (values[at] or ''))
      redis.call('ZADD', LEASES, deadlines[name], id)
    end
  end
  redis.call('ZREM', ORDER, unpack(part))
  redis.call('HDEL', VALUES, unpack(part))
  redis.call('HDEL', WATCHES, unpack(part))
end

-- Removes what has run out; yields whether something had.
local function purge()
  local found = ran_out()
  if #found == 0 then
    return false
  end
  local names, deadlines = {}, {}
  for at = 1, #found, 2 do
    names[#names + 1] = found[at]
    deadlines[found[at]] = found[at + 1]
  end
  in_parts(names, function(part) purge_part(part, deadlines) end)
  local excess = redis.call('ZCARD', LEASES) - GONE_MAX
  if excess > 0 then
    local dropped = redis.call('ZPOPMIN', LEASES, excess)
    for at = 1, #dropped, 2 do
      redis.call('HDEL', GONE, dropped[at])
    end
  end
  return true
end

local function remove(name)
  redis.call('ZREM', DEADLINES, name)
  redis.call('ZREM', ORDER, name)
  redis.call('HDEL', VALUES, name)
  redis.call('HDEL', WATCHES, name)
end

-- Sets the expiry of all keys, as something was changed.
local function touch()
  local last = redis.call('ZREVRANGE', DEADLINES, 0, 0, 'WITHSCORES')[2]
  local keep, keys = tonumber(ARGV[2]), 3
  if redis.call('EXISTS', WATCHES, GONE) > 0 then
    keep, keys = tonumber(ARGV[3]), 6
  end
  local life = math.max((tonumber(last) or now) - now, 0) + keep
  for at = 1, keys do
    redis.call('PEXPIRE', KEYS[at], string.format('%.0f', life))
  end
end

-- The next place in the order of arrival.
local function next_place()
  local last = redis.call('ZREVRANGE', ORDER, 0, 0, 'WITHSCORES')[2]
  return (tonumber(last) or -1) + 1
end
