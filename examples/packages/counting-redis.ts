import { Redis } from 'ioredis';
import { WrongOption } from './options.js';

/** A client of Redis that counts every command which it sends, those in pipelines one by one. */
export class CountingRedis extends Redis {
  commands = 0;

  override sendCommand(...args: Parameters<Redis['sendCommand']>): unknown {
    this.commands += 1;
    return super.sendCommand(...args);
  }
}

/** Connects to a server. Throws WrongOption if it cannot be reached, instead of trying on for ever. */
export async function connectCounting(url: string): Promise<CountingRedis> {
  const client = new CountingRedis(url, { lazyConnect: true, socketTimeout: 2000, retryStrategy: () => null });
  let reason = 'no answer';
  client.on('error', (error: Error) => (reason = error.message));
  try {
    await client.connect();
  } catch (cause) {
    throw new WrongOption(`--cache: no Redis can be reached there (${reason})`, { cause });
  }
  return client;
}
