// Somebody who issues tokens: Ed25519 keys that come and go, and where they are to be had.
import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

export class Issuer {
  static async begin() {
    const issuer = new Issuer();
    Object.assign(issuer, { keys: new Map(), published: [], asked: 0 });
    issuer.server = http.createServer((_, answer) => {
      issuer.asked += 1;
      const keys = issuer.published.map((name) => ({ ...issuer.keys.get(name).publicKey.export({ format: 'jwk' }), kid: name, alg: 'EdDSA', use: 'sig' }));
      answer.setHeader('content-type', 'application/json');
      answer.end(JSON.stringify({ keys }));
    });
    issuer.server.listen(0, '127.0.0.1');
    await once(issuer.server, 'listening');
    issuer.url = `http://127.0.0.1:${issuer.server.address().port}/keys`;
    return issuer;
  }

  /** From now on these keys are published, and no others. */
  publish(...names) {
    for (const name of names) if (!this.keys.has(name)) this.keys.set(name, generateKeyPairSync('ed25519'));
    this.published = names;
  }

  token(name, claims, { seconds = 3600 } = {}) {
    const now = Math.floor(Date.now() / 1000);
    const text = `${encoded({ alg: 'EdDSA', kid: name })}.${encoded({ iat: now, exp: now + seconds, ...claims })}`;
    return `${text}.${sign(null, Buffer.from(text), this.keys.get(name).privateKey).toString('base64url')}`;
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
  }
}
