// What stands under `deploy/`, held against what a server really has: names of the environment, ports, pages, times; the unit
// judged by systemd, and the folder that Kubernetes mounts, served as it is mounted there.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { soon } from './person.mjs';
import { BINARY, ROOT, start } from './server.mjs';
import { until } from './serving.mjs';
import { district } from './district.mjs';

const read = (file) => readFileSync(path.join(ROOT, file), 'utf8');
const kubernetes = parseAllDocuments(read('deploy/kubernetes/homeroom.yaml')).map((document) => {
  assert.deepEqual(document.errors, []);
  return document.toJS();
});
const kind = (name) => kubernetes.find((document) => document.kind === name) ?? assert.fail(name);
const pod = kind('Deployment').spec.template.spec;
const [container] = pod.containers;
const compose = parse(read('deploy/compose.yaml'), { merge: true });
const containerfile = read('deploy/Containerfile');
const unit = read('deploy/homeroom.service');
const seconds = (text) => Number(String(text).match(/^(\d+)s?$/)?.[1] ?? assert.fail(text));

/** Every variable that sets something, as the engine has them. */
function variables() {
  const { properties, $defs } = JSON.parse(read('schemas/settings.schema.json'));
  const keys = (section) => Object.keys((section.$ref ? $defs[section.$ref.split('/').pop()] : section).properties ?? {});
  const generic = Object.entries(properties).flatMap(([section, about]) => keys(about).map((key) => `HOMEROOM_${section}_${key}`.toUpperCase()));
  const named = [...read('engine/cli/src/settings/environment.rs').matchAll(/\("([A-Z_]+)", "\w+", "\w+"\)/g)].map(([, name]) => name);
  assert.ok(generic.includes('HOMEROOM_SOCKET_DRAIN') && named.includes('JWT_SECRET'));
  return new Set([...generic, ...named, 'HOMEROOM_LOG', 'HOMEROOM_LOG_FORMAT']);
}

test('every variable that is set anywhere sets something', () => {
  const set = {
    kubernetes: container.env.map(({ name }) => name),
    secret: [...read('deploy/kubernetes/homeroom.yaml').matchAll(/--from-literal=(\w+)=/g)].map(([, name]) => name),
    compose: Object.keys(compose.services.one.environment),
    container: [...containerfile.matchAll(/^ENV (.*)$/gm)].flatMap(([, line]) => line.split(' ').map((pair) => pair.split('=')[0])).filter((name) => !name.startsWith('CARGO_')),
    unit: [...unit.matchAll(/^Environment=(\w+)=/gm)].map(([, name]) => name),
  };
  const known = variables();
  for (const [where, names] of Object.entries(set)) {
    assert.ok(names.length > 0, where);
    for (const name of names) assert.ok(known.has(name), `${where}: ${name}`);
  }
});

test('ports and pages are those of a server', async () => {
  const [, port] = read('engine/cli/src/settings/file.rs').match(/The port, `(\d+)` by default/);
  const { name, containerPort } = container.ports[0];
  assert.equal(String(containerPort), port);
  assert.equal(container.env.find((one) => one.name === 'PORT').value, port);
  assert.equal(kind('Deployment').spec.template.metadata.annotations['prometheus.io/port'], port);
  assert.equal(kind('Service').spec.ports[0].targetPort, name);
  assert.match(containerfile, new RegExp(`^EXPOSE ${port}$`, 'm'));
  for (const file of ['nginx.conf', 'haproxy.cfg', 'prometheus/prometheus.yaml']) {
    for (const [, used] of read(`deploy/${file}`).matchAll(/10\.0\.0\.1\d:(\d+)/g)) assert.equal(used, port, file);
  }
  const probes = ['startupProbe', 'readinessProbe', 'livenessProbe'].map((probe) => container[probe].httpGet);
  const server = await start();
  try {
    for (const { path: page, port } of probes) {
      assert.equal(port, name);
      assert.equal((await fetch(server.url + page)).status, 200, page);
    }
    assert.equal((await fetch(`${server.url}/metrics`)).status, 200);
    for (const { path: page } of kind('Ingress').spec.rules[0].http.paths) {
      assert.notEqual((await (await fetch(server.url + page)).text()).length, 0, page);
    }
  } finally {
    await server.stop();
  }
});

test('whoever ends a server waits for as long as it may take', () => {
  const number = (file, pattern) => Number(read(file).match(pattern)?.[1] ?? assert.fail(`${file} ${pattern}`));
  const drain = number('engine/cli/src/settings/file.rs', /`(\d+)s` by\s+\/\/\/ default\.\s+"drain"/);
  const stop = 2 * number('engine/socket/src/listen.rs', /const STOP_MAX: Duration = Duration::from_secs\((\d+)\)/);
  const leave = number('engine/cli/src/serve.rs', /const LEAVE_MAX: Duration = Duration::from_secs\((\d+)\)/);
  const before = container.lifecycle.preStop.sleep.seconds;
  assert.equal(seconds(container.env.find(({ name }) => name === 'HOMEROOM_SOCKET_DRAIN').value), drain);
  assert.ok(pod.terminationGracePeriodSeconds > before + drain + stop + leave);
  assert.ok(seconds(compose.services.one.stop_grace_period) > drain + stop + leave);
  assert.ok(seconds(unit.match(/^TimeoutStopSec=(.*)$/m)[1]) > drain + stop + leave);
  // Balancers hear of a server that is about to go in time.
  const { periodSeconds, failureThreshold } = container.readinessProbe;
  assert.ok(before >= periodSeconds * failureThreshold);
});

test('nobody is given more than they need', () => {
  assert.equal(pod.securityContext.runAsNonRoot, true);
  assert.equal(pod.automountServiceAccountToken, false);
  assert.deepEqual(container.securityContext, { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
  for (const name of ['one', 'two']) {
    const { read_only: isReadOnly, cap_drop: dropped, security_opt: options } = compose.services[name];
    assert.deepEqual([isReadOnly, dropped, options], [true, ['ALL'], ['no-new-privileges:true']]);
  }
  const [, last] = containerfile.split(/^FROM (?!.* AS )/m);
  const uid = last.match(/^USER (\d+)$/m)[1];
  assert.equal(Number(uid), pod.securityContext.runAsUser);
  assert.ok(last.includes(`--uid ${uid}`) && !/cargo|rust/.test(last.replace(/COPY --from=build .*/, '')));
});

test('the container is built of what there is', () => {
  for (const [, sources] of containerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)) {
    for (const source of sources.split(' ')) assert.ok(existsSync(path.join(ROOT, source)), source);
  }
  const [, wanted] = read('Cargo.toml').match(/rust-version = "([\d.]+)"/);
  assert.ok(containerfile.includes(`rust:${wanted}-`), `built with Rust ${wanted}`);
  for (const [file] of Object.values(compose.services).flatMap(({ volumes = [] }) => volumes.map((volume) => volume.split(':')))) {
    if (file.startsWith('.')) assert.ok(existsSync(path.join(ROOT, 'deploy', file)), file);
  }
  assert.ok(existsSync(path.join(ROOT, compose.services.one.build.dockerfile)));
});

test('systemd takes the unit, and finds it well locked up', () => {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'homeroom-unit-'));
  try {
    const file = path.join(dir, 'homeroom.service');
    writeFileSync(file, unit.replace('/usr/local/bin/homeroom', BINARY));
    execFileSync('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', file], { encoding: 'utf8', stdio: 'pipe' });
    // 0 is locked up wholly, 10 not at all; it fails above 1.5.
    const told = execFileSync('systemd-analyze', ['security', '--no-pager', '--offline=true', '--threshold=15', file], { encoding: 'utf8' });
    assert.match(told, /Overall exposure level for homeroom\.service: [01]\.\d/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('a ConfigMap is served as it is mounted, and served anew when it changes', async () => {
  const dir = mkdtempSync(path.join(os.tmpdir(), 'homeroom-mount-'));
  const { items } = pod.volumes[0].configMap;
  const source = (item) => read(path.join('namespaces', item.path));
  /** As kubelet writes it: a folder of its own for each version, a link to it, and links into that. */
  const mount = (version, change = (text) => text) => {
    for (const item of items) {
      const file = path.join(dir, version, item.path);
      mkdirSync(path.dirname(file), { recursive: true });
      // The demo's script does not come along; its database does, in a real one.
      writeFileSync(file, change(source(item)).replace(/database:\n {2}demo: district\.sql\n/, ''));
    }
    symlinkSync(version, path.join(dir, '..data_tmp'));
    renameSync(path.join(dir, '..data_tmp'), path.join(dir, '..data'));
  };
  mount('..2025_01');
  for (const name of new Set(items.map((item) => item.path.split('/')[0]))) symlinkSync(path.join('..data', name), path.join(dir, name));
  const args = container.args.slice(1).map((arg) => (arg === container.volumeMounts[0].mountPath ? dir : arg));
  const database = district();
  const server = await start({ args, env: { DATABASE_URL: database.url, HOMEROOM_RELOAD_POLL: '500ms' } });
  try {
    const health = async () => (await fetch(`${server.url}/healthz`)).json();
    const { namespaces, digest } = await health();
    assert.equal(namespaces.length, items.length - 2, 'all but the settings and the shared file');
    mount('..2025_02', (text) => text.replace('Greets', 'Welcomes').replace('rate_limit: 10 per 10s', 'rate_limit: 11 per 10s'));
    await soon(until(async () => (await health()).digest !== digest), 'the change to be served');
  } finally {
    await server.stop();
    database.remove();
    rmSync(dir, { recursive: true });
  }
});
