// The example, as its page says.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Person } from './person.mjs';
import { ROOT, start } from './server.mjs';

let server;
before(async () => (server = await start({ args: ['--namespaces', path.join(ROOT, 'examples/hello')] })));
after(() => server?.stop());

test('people greet each other', async () => {
  const [ann, ben] = [await Person.connect(server, 'hello', null, { auth: { name: 'Ann' } }), await Person.connect(server, 'hello', null, { auth: { name: 'Ben' } })];
  await ann.does('greet', { text: 'Hi!' }, { success: true, data: { number: 1 } });
  await ben.hears('greeted', { from: 'Ann', text: 'Hi!' });
  ben.leave();
  await ann.hears('left', { name: 'Ben' });
  await ann.hearsNothing();
  ann.leave();
  await assert.rejects(Person.connect(server, 'hello', null), /^Error: INVALID_PAYLOAD: /);
});
