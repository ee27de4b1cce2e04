-- KEYS: 1 all lives by the end of their leases. Yields how many have not ended, and how many have.
return { redis.call('ZCOUNT', KEYS[1], now, '+inf'), redis.call('ZCOUNT', KEYS[1], '-inf', '(' .. string.format('%.0f', now)) }
