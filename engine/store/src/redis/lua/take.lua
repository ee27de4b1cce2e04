-- Removes an entry. ARGV: 4 which (`first`, `named`, `exact`), 5 name, 6 value. Yields its name and value, or nothing.
local purged = purge()
local name = ARGV[5]
if ARGV[4] == 'first' then
  name = redis.call('ZRANGE', ORDER, 0, 0)[1]
end
local value = name and redis.call('ZSCORE', DEADLINES, name) and redis.call('HGET', VALUES, name)
local is_meant = value and (ARGV[4] ~= 'exact' or value == ARGV[6])
if is_meant then
  remove(name)
end
if purged or is_meant then
  touch()
end
if is_meant then
  return {name, value}
end
return {}
