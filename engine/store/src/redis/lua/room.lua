-- A room of one namespace. KEYS: 1 namespace and user -> what is remembered of them, 2 user -> place in the order of
-- arrival, 3 connections, 4 user -> when their grace period ends, 5 user -> `0` (waits) or `1` (claimed) and what was
-- remembered, of those who left and are not settled, 6 user -> when that may be claimed, 7 user -> until when it is known
-- that they were told gone with a server that died. ARGV: 2 how long keys live untouched, 3 namespace.
local VALUES, ORDER, CONNS, LEAVING, GONE, LEASES, TOLD =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]

local TOLD_MS = 600000

local function touch()
  for at = 1, 7 do
    redis.call('PEXPIRE', KEYS[at], ARGV[2])
  end
end

local function field(user)
  return ARGV[3] .. ' ' .. user
end

-- What all connections of a user begin with; of no other user, as the length says where the name ends.
local function prefix(user)
  return #user .. ':' .. user .. '/'
end

local function has_connections(user)
  local of = prefix(user)
  return redis.call('ZLEXCOUNT', CONNS, '[' .. of, '(' .. of .. '\255') > 0
end

-- A connection's user, and its server's life.
local function parts(conn)
  local length = string.match(conn, '^%d+')
  local from = #length + 2
  local user = string.sub(conn, from, from + tonumber(length) - 1)
  return user, string.match(string.sub(conn, from + #user + 1), '^[^ ]+')
end

-- Takes a user out of the room. Removals come first: a full Redis permits them, and then what follows.
local function take_out(user)
  redis.call('ZREM', ORDER, user)
  redis.call('ZREM', LEAVING, user)
  local value = redis.call('HGET', VALUES, field(user)) or 'null'
  redis.call('HDEL', VALUES, field(user))
  return value
end

-- Keeps that a user has left, to be claimed from `at` on.
local function keep_gone(user, state, value, at)
  redis.call('HSET', GONE, user, state .. value)
  redis.call('ZADD', LEASES, string.format('%.0f', at), user)
end

-- In how many milliseconds somebody may have to be told gone; -1 is never.
local function next_wait()
  local wait = -1
  for _, key in ipairs({LEASES, LEAVING}) do
    local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2]
    if first then
      local left = math.max(tonumber(first) - now, 0)
      wait = wait < 0 and left or math.min(wait, left)
    end
  end
  return wait
end
