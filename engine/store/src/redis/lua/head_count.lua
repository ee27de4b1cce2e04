-- How many users are there.
return {redis.call('ZCARD', ORDER)}
