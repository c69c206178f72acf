import { connect } from 'node:net';
import type { PostgresClient } from './postgres-driver.js';

const cancelCode = 80_877_102;
const longestMs = 2000;

/**
 * Asks the server to stop what a connection is running, over a connection of its own, as the protocol has it. Nobody
 * waits for it and its failure costs nothing but the server's time: the answer is not wanted any more.
 *
 * NOTE: without TLS, as psql of old: the request holds only a number that is worthless once the connection has ended.
 */
export function requestCancel({ host, port, processID, secretKey }: PostgresClient): void {
  if (host === undefined || port === undefined) return;
  if (typeof processID !== 'number' || typeof secretKey !== 'number') return;
  const request = Buffer.alloc(16);
  [16, cancelCode, processID, secretKey].forEach((number, index) => request.writeInt32BE(number, 4 * index));
  const socket = connect(host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port });
  socket.on('error', () => socket.destroy());
  socket.setTimeout(longestMs, () => socket.destroy());
  socket.unref();
  socket.end(request);
}
