-- KEYS: 1 lease, 2 rooms. ARGV: 2 how long keys live untouched, 3 room. Yields until when the life lasts, or nothing.
return {note(KEYS[1], KEYS[2], ARGV[3], ARGV[2])}
