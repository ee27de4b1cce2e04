// A server that serves a folder of its own, which a test may change.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { soon } from './person.mjs';
import { ROOT, start } from './server.mjs';

const NAMESPACES = path.join(ROOT, 'namespaces');

/** A copy of the bundled definitions, and a server that serves it. */
export async function serving({ env = {}, arrange = () => {} } = {}) {
  const base = mkdtempSync(path.join(os.tmpdir(), 'homeroom-reload-'));
  const dir = path.join(base, 'namespaces');
  cpSync(NAMESPACES, dir, { recursive: true, filter: (from) => !/\.rs$|Cargo\.toml$/.test(from) });
  arrange(dir);
  const server = await start({ args: ['--namespaces', dir], env });
  const health = async () => (await fetch(`${server.url}/healthz`)).json();
  // Whole, as editors do: on a machine with much to do, half of a file could come to rest.
  const write = (file, text) => {
    writeFileSync(path.join(base, 'written'), text);
    renameSync(path.join(base, 'written'), path.join(dir, file));
  };
  const edit = (file, from, to) => {
    const text = readFileSync(path.join(dir, file), 'utf8');
    assert.ok(text.includes(from), `${file} has ${from}`);
    write(file, text.replace(from, to));
  };
  /** Changes something, and waits until the server has tried to serve it. */
  const changed = async (change) => {
    const before = (await health()).definitions.at;
    await change();
    return soon(until(async () => {
      const now = await health();
      return now.definitions.at !== before && now;
    }), 'the change to be noticed');
  };
  const stop = async () => {
    await server.stop();
    rmSync(base, { recursive: true });
  };
  return { ...server, dir, health, write, edit, changed, stop };
}

/** Asks again and again until there is something. Whoever waits says for how long, by `soon`; this only ends at all. */
export async function until(condition) {
  for (const late = Date.now() + 300_000; Date.now() < late; ) {
    const found = await condition();
    if (found) return found;
    await new Promise((again) => setTimeout(again, 10));
  }
  throw new Error('nobody waits for this any more');
}
