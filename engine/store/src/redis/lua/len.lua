-- How many entries there are.
return {redis.call('ZCOUNT', DEADLINES, string.format('(%.0f', now), '+inf')}
