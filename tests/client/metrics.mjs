// What a server counts, read as a scraper reads it.
import assert from 'node:assert/strict';

/** The page under `/metrics` of a server, as it is. */
export async function page(server) {
  const answer = await fetch(`${server.url}/metrics`);
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type'), /^application\/openmetrics-text; version=1\.0\.0/);
  return answer.text();
}

/** All series of a page: `[{ name, labels, value }]`. */
export function series(text) {
  const read = (line) => {
    const [, name, labels = '', value] = line.match(/^(\w+)(?:\{(.*)\})? (\S+)$/) ?? assert.fail(line);
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, key, held]) => [key, held]);
    return { name, labels: Object.fromEntries(pairs), value: Number(value) };
  };
  return text.split('\n').filter((line) => line && !line.startsWith('#')).map(read);
}

/** What the series of a name, with these labels among theirs, come to together; `undefined` if there are none. */
export function sum(all, name, labels = {}) {
  const has = (one) => one.name === name && Object.entries(labels).every(([key, value]) => one.labels[key] === value);
  const found = all.filter(has);
  return found.length ? found.reduce((total, one) => total + one.value, 0) : undefined;
}

/** The same, asked of a server now. */
export async function counted(server, name, labels) {
  return sum(series(await page(server)), name, labels);
}
