import { createServer, type AddressInfo } from 'node:net';

/** A loopback port that was free a moment ago. Somebody else may take it before it is used: callers retry. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo; // a TCP server's address is never a string
      probe.close(() => resolve(port));
    });
  });
}
