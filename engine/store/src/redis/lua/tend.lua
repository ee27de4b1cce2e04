-- Keeps a room alive. ARGV: 4 life. Yields 1 if the life has connections there, or somebody may have to be told gone.
touch()
if next_wait() >= 0 then
  return {1}
end
for _, conn in ipairs(redis.call('ZRANGE', CONNS, 0, -1)) do
  local _, life = parts(conn)
  if life == ARGV[4] then
    return {1}
  end
end
return {0}
