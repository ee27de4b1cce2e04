// The demo district's people, and tokens for them.
import { createHmac } from 'node:crypto';
import { SECRET } from './server.mjs';

const riverdale = { schoolId: 'rvd-001', districtId: 'd-1', boardId: 'b-1', countryId: 'us' };
const oakwood = { schoolId: 'oak-002', districtId: 'd-2', boardId: 'b-2', countryId: 'us' };

export const PEOPLE = {
  smith: { sub: 't-1', role: 'TEACHER', name: 'Ms Smith', ...riverdale },
  jones: { sub: 't-2', role: 'TEACHER', name: 'Mr Jones', ...riverdale },
  stone: { sub: 't-9', role: 'TEACHER', name: 'Mr Stone', ...oakwood },
  alice: { sub: 's-456', role: 'STUDENT', name: 'Alice', ...riverdale },
  bob: { sub: 's-457', role: 'STUDENT', name: 'Bob', ...riverdale },
  eve: { sub: 's-900', role: 'STUDENT', name: 'Eve', ...oakwood },
  parent: { sub: 'p-1', role: 'PARENT', name: "Alice's parent", ...riverdale },
  reed: { sub: 'c-1', role: 'COUNSELOR', name: 'Mr Reed', ...riverdale },
  hill: { sub: 'a-1', role: 'ADMIN', name: 'Ms Hill', ...riverdale },
  lake: { sub: 'da-1', role: 'DISTRICT_ADMIN', name: 'Mr Lake', districtId: 'd-1', boardId: 'b-1', countryId: 'us' },
};

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token, by hand, so that no library of ours vouches for itself. */
export function token(claims, { secret = SECRET, seconds = 3600, header = { alg: 'HS256', typ: 'JWT' } } = {}) {
  const body = { exp: Math.floor(Date.now() / 1000) + seconds, ...claims };
  const text = `${encoded(header)}.${encoded(body)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}
