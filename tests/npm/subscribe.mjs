// Subscribes with a client of the npm registry, as it is told by the first argument, and prints what it was given.
// Usage: node subscribe.mjs CLIENT URL RETRIES
import { createClient as createWs } from 'graphql-ws';
import { createClient as createSse } from 'graphql-sse';
import WebSocket from 'ws';

const [client, url, retries, query = 'subscription OnTick { tick }'] = process.argv.slice(2);
const connected = [];
const common = { url, retryAttempts: Number(retries), retryWait: async () => {}, retry: async () => {} };
const made = client === 'graphql-ws'
  ? createWs({
      ...common,
      webSocketImpl: WebSocket,
      connectionParams: { token: 'right' },
      connectionAckWaitTimeout: 2000,
      keepAlive: 1000,
      shouldRetry: () => true,
      on: {
        connected: () => connected.push('connected'),
        ping: (received) => {
          // As the documentation of the library has it: a pong that does not come in time ends the connection.
          if (!received) made.timer = setTimeout(() => made.terminate(), 2000);
        },
        pong: (received) => { if (received) clearTimeout(made.timer); },
      },
    })
  : createSse({
      ...common,
      singleConnection: client === 'graphql-sse single',
      on: { connected: () => connected.push('connected') },
    });

const told = { events: [], end: null };
await new Promise((resolve) => {
  made.subscribe({ query, operationName: 'OnTick' }, {
    next: (result) => told.events.push(result.data?.tick ?? result),
    error: (error) => {
      told.end = Array.isArray(error) ? error.map((each) => each.message).join() : `${error.code ?? error.error?.code ?? error.name ?? 'error'}`;
      resolve();
    },
    complete: () => { told.end = 'complete'; resolve(); },
  });
});
made.dispose?.();
clearTimeout(made.timer);
console.log(JSON.stringify({ ...told, connected: connected.length }));
process.exit(0);
