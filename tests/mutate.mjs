// Widens the bundled namespaces, one rule at a time, and tells which widenings neither a warning nor a scenario notices.
//
//     node tests/mutate.mjs [only namespaces whose path has this in it]
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { isMap, isSeq, parseDocument, visit } from 'yaml';
import { ROOT } from './client/server.mjs';

const HOMEROOM = process.env.HOMEROOM ?? path.join(ROOT, 'target/debug/homeroom');
const NAMESPACES = path.join(ROOT, 'namespaces');
const FILES = ['common.yaml', ...['gradebook', 'notifications', 'attendance', 'messaging', 'live-class', 'assessment'].map((name) => `${name}/namespace.yaml`)];
const ROLES = ['TEACHER', 'STUDENT', 'PARENT', 'COUNSELOR', 'ADMIN', 'DISTRICT_ADMIN'];
const RULE_KEYS = ['in', 'roles', 'check', 'when', 'like'];
const AT_ONCE = 2;
const LIMIT_MS = 60_000;

/** Every rule of a file: where it stands, and the map that it is. */
function rules(document) {
  const found = [];
  const own = (table, where) => {
    for (const { key, value } of table?.items ?? []) if (isMap(value)) found.push([`${where} ${key.value}`, value]);
  };
  const root = document.contents;
  own(root.get('client_events'), 'event');
  if (isMap(root.get('connect'))) found.push(['connect', root.get('connect')]);
  visit(document, {
    Pair(_, { key, value }, parents) {
      if (key?.value !== 'allow' || !isSeq(value)) return;
      const owner = parents.findLast((parent) => parent?.key && parent.key.value !== 'allow')?.key.value;
      value.items.forEach((rule, at) => isMap(rule) && found.push([`${owner} allow[${at}]`, rule]));
    },
  });
  return found;
}

/** What can be widened in a file: what it is called, and how it is done to a fresh copy of the document. */
function mutants(text) {
  const all = [];
  rules(parseDocument(text)).forEach(([where], index) => {
    const change = (name, alter) => all.push([`${where}: ${name}`, (document) => alter(rules(document)[index][1])]);
    const rule = rules(parseDocument(text))[index][1];
    for (const key of RULE_KEYS.filter((key) => rule.has(key))) {
      // A rule that asks for nothing is not allowed, so one that would is made to ask for any role.
      const others = RULE_KEYS.filter((other) => other !== key && rule.has(other));
      change(`without \`${key}\``, (rule) => {
        rule.delete(key);
        if (others.length === 0 && key !== 'in') rule.set('roles', ROLES);
      });
      if (key === 'roles') change('for every role', (rule) => rule.set('roles', ROLES));
    }
  });
  return all;
}

async function runs(...args) {
  const done = promisify(execFile)(HOMEROOM, args, { timeout: LIMIT_MS, env: { PATH: process.env.PATH } });
  return done.then(() => true, () => false);
}

async function isNoticed(file, text) {
  const folder = mkdtempSync(path.join(tmpdir(), 'homeroom-mutant-'));
  try {
    cpSync(NAMESPACES, folder, { recursive: true });
    writeFileSync(path.join(folder, file), text);
    if (!(await runs('check', folder, '--deny-warnings'))) return 'check';
    return (await runs('test', folder)) ? null : 'scenario';
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const only = process.argv[2] ?? '';
const work = FILES.filter((file) => file.includes(only)).flatMap((file) => {
  const text = readFileSync(path.join(NAMESPACES, file), 'utf8');
  return mutants(text).map(([name, alter]) => ({ file, name, text, alter }));
});
const counts = { check: 0, scenario: 0 };
const survivors = [];
await Promise.all(Array.from({ length: AT_ONCE }, async () => {
  for (let mutant = work.shift(); mutant; mutant = work.shift()) {
    const document = parseDocument(mutant.text);
    mutant.alter(document);
    const by = await isNoticed(mutant.file, document.toString());
    if (by) counts[by]++;
    else survivors.push(`${mutant.file} ${mutant.name}`);
  }
}));
const total = counts.check + counts.scenario + survivors.length;
console.log(`${counts.check + counts.scenario} of ${total} widenings noticed: ${counts.check} by check, ${counts.scenario} by scenarios`);
survivors.sort().forEach((survivor) => console.log(`  survives: ${survivor}`));
process.exit(survivors.length ? 1 : 0);
