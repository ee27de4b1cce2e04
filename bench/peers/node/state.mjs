// Who types: fields of a hash, each of which ends after five seconds in memory; in Redis the hash does, as is usual.
const TTL_MS = 5000;

export function memoryState() {
  const hashes = new Map();
  setInterval(() => {
    const now = Date.now();
    for (const [key, hash] of hashes) {
      for (const [field, entry] of hash) if (entry.ends <= now) hash.delete(field);
      if (hash.size === 0) hashes.delete(key);
    }
  }, 1000).unref();
  return {
    put(key, field, value) {
      let hash = hashes.get(key);
      if (!hash) hashes.set(key, (hash = new Map()));
      hash.set(field, { value, ends: Date.now() + TTL_MS });
    },
  };
}

export function redisState(client) {
  return {
    async put(key, field, value) {
      await client.multi().hSet(key, field, value).expire(key, TTL_MS / 1000).exec();
    },
  };
}
