import { Redis } from 'ioredis';

/** A client of Redis that counts every command which it sends, those in pipelines one by one. */
export class CountingRedis extends Redis {
  commands = 0;

  override sendCommand(...args: Parameters<Redis['sendCommand']>): unknown {
    this.commands += 1;
    return super.sendCommand(...args);
  }
}

/** Connects to a server. Throws if it cannot be reached, instead of trying on for ever. */
export async function connectCounting(url: string): Promise<CountingRedis> {
  const client = new CountingRedis(url, { lazyConnect: true, socketTimeout: 2000, retryStrategy: () => null });
  client.on('error', () => undefined); // connect() and the commands tell the same
  await client.connect();
  return client;
}
