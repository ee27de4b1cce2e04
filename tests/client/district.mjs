// The demo district in a file of its own.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ROOT } from './server.mjs';

/** A file with the demo district's database, and how it is removed. */
export function district() {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'homeroom-district-'));
  const file = path.join(dir, 'district.db');
  execFileSync('sqlite3', [file], { input: readFileSync(path.join(ROOT, 'namespaces/district.sql')) });
  return { file, url: `sqlite:${file}`, remove: () => rmSync(dir, { recursive: true }) };
}
