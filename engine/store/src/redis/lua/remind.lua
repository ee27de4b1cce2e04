-- KEYS: 1 index. ARGV: 2 key, 3 life, 4 how long the index outlives it. Yields the time.
remind(KEYS[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]))
return {now}
