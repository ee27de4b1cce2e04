// The school day once more, with nginx in front of the two servers.
process.env.FRONT = './balancers.mjs';
await import('./school-day.test.mjs');
