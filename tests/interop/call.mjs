// One client of @grpc/grpc-js that makes calls with a service config, one after the other or all at once:
// node call.mjs TARGET PATH TIMEOUT_MS CALLS together|apart SERVICE_CONFIG; tells what each came to, as JSON.
import { Client, credentials, status } from '@grpc/grpc-js';

const [target, path, timeout, calls, how, config] = process.argv.slice(2);
const options = { 'grpc.service_config': config, 'grpc.initial_reconnect_backoff_ms': 100 };
const client = new Client(target, credentials.createInsecure(), config === 'none' ? {} : options);
const asIs = (value) => value;

const call = () =>
  new Promise((resolve) => {
    const begun = Date.now();
    const deadline = begun + Number(timeout);
    const told = (code, text = '') => resolve({ code: status[code], text, ms: Date.now() - begun });
    client.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(0), { deadline }, (error) =>
      error ? told(error.code, error.details) : told(status.OK),
    );
  });

// With a connection that is there, so that the times between attempts are those of the policy.
await new Promise((resolve) => client.waitForReady(Date.now() + 10_000, resolve));

const outcomes = [];
if (how === 'together') {
  outcomes.push(...(await Promise.all(Array.from({ length: Number(calls) }, call))));
} else {
  for (let number = 0; number < Number(calls); number++) outcomes.push(await call());
}
console.log(JSON.stringify(outcomes));
client.close();
