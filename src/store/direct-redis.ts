import type { Duplex } from 'node:stream';
import { systemClock, type Clock } from '../support/clock.js';
import type { Reject } from './cache-store.js';
import { ClientTracking } from './client-tracking.js';
import { DirectConnection, type Word } from './direct-connection.js';
import type { GateClient, GatePipeline } from './gate/gate-client.js';
import { toErrorReply, toReply } from './redis-batch.js';
import type { IoredisClient, RedisClient, RedisPipeline, RedisPipelineReply } from './redis-client.js';
import type { Reply } from './reply-reader.js';

/**
 * Lets ioredis connect, log in and connect again, and sends commands over its socket by itself: what ioredis does for
 * each command and each text of a reply is a large part of a round trip on the loopback interface. Where the socket cannot
 * be taken over, ioredis sends them.
 *
 * The client must speak version 2 of the protocol, which is left for version 3 where the server tells of changes, and must
 * belong to nobody else.
 */
export class DirectRedis implements RedisClient, GateClient {
  readonly isCluster = false;
  readonly #client: IoredisClient;
  #socket: Duplex | undefined;
  #connection: DirectConnection | undefined;
  #tracking: ClientTracking | undefined;
  readonly #clock: Clock;
  #isTrusted = true;

  constructor(client: IoredisClient, clock: Clock = systemClock) {
    this.#client = client;
    this.#clock = clock;
    client.on('ready', () => this.#open()); // before anybody who hears of it asks something
  }

  get status(): string {
    return this.#client.status;
  }

  get options(): RedisClient['options'] & NonNullable<GateClient['options']> {
    return this.#client.options;
  }

  /** Whether the server tells of changes, over the connection that there is now. */
  get isTracking(): boolean {
    return this.#tracking?.isOn ?? false;
  }

  /** MGET by callbacks, which must not throw. */
  request(keys: readonly string[], resolve: (texts: readonly (string | undefined)[]) => void, reject: Reject): void {
    if (this.#open() && this.#tracking) this.#tracking.read(keys, resolve, reject);
    else this.#ask('mget', keys, (reply) => resolve(reply as (string | undefined)[]), reject); // what MGET replies
  }

  /** UNLINK by callbacks. */
  requestUnlink(keys: readonly string[], resolve: () => void, reject: Reject): void {
    this.#ask('unlink', keys, () => resolve(), reject);
  }

  mget(keys: string[]): Promise<(string | undefined)[]> {
    return this.#promised('mget', keys);
  }

  set(key: string, value: string, ...options: Word[]): Promise<unknown> {
    return this.#promised('set', [key, value, ...options]);
  }

  unlink(keys: string[]): Promise<unknown> {
    return this.#promised('unlink', keys);
  }

  zrangebyscore(...words: Word[]): Promise<string[]> {
    return this.#promised<(string | string[])[]>('zrangebyscore', words).then((reply) => reply.flat()); // by pairs in version 3
  }

  info(...sections: string[]): Promise<string> {
    return this.#promised('info', sections);
  }

  eval(script: string, numberOfKeys: number, ...words: string[]): Promise<unknown> {
    return this.#promised('eval', [script, numberOfKeys, ...words]);
  }

  pipeline(): DirectPipeline {
    return new DirectPipeline((commands) => this.#askTogether(commands));
  }

  on(event: 'ready' | 'close' | 'error', listener: (error: Error) => void): void {
    this.#client.on(event as 'error', listener);
  }

  off(event: 'ready' | 'close', listener: () => void): void {
    this.#client.off(event, listener);
  }

  /** Resolves when everything that was asked before was answered and the connection has ended. */
  async quit(): Promise<void> {
    const connection = this.#open();
    if (!connection) {
      await this.#client.quit();
      return;
    }
    await this.#promised('quit', []);
    this.#client.disconnect(); // or it would connect again
    await connection.ended;
  }

  disconnect(reconnect?: boolean): void {
    this.#client.disconnect(reconnect);
  }

  /** The connection over the socket that the client has now, if it is idle or was taken over before. */
  #open(): DirectConnection | undefined {
    if (this.#connection?.isOpen) return this.#connection;
    const { stream, status, commandQueue } = this.#client;
    if (stream && stream === this.#socket) return undefined; // it was lost
    if (!stream?.writable || status !== 'ready' || commandQueue?.length !== 0) return undefined;
    this.#socket = stream;
    this.#connection = new DirectConnection(stream);
    this.#tracking = new ClientTracking(this.#connection, this.#clock, (key) => this.#distrust(key));
    if (this.#isTrusted) this.#tracking.start();
    return this.#connection;
  }

  #distrust(key: string): void {
    this.#isTrusted = false;
    process.emitWarning(
      `The cache in Redis: the server did not tell that '${key}' had changed, although it was asked to; values that were read shortly before may have been outdated. From now on stamps are read each time.`,
      { code: 'MONEYCLIP_CLIENT_TRACKING' },
    );
  }

  #ask(name: string, words: readonly Word[], resolve: (reply: Reply) => void, reject: Reject): void {
    const connection = this.#open();
    if (connection) connection.ask(name, words, resolve, reject);
    else this.#client.call(name, ...words).then((reply) => resolve(withoutNull(reply)), reject);
  }

  #promised<T>(name: string, words: readonly Word[]): Promise<T> {
    return new Promise<T>((resolve, reject) => this.#ask(name, words, (reply) => resolve(reply as T), reject)); // each command's own kind
  }

  #askTogether(commands: readonly Command[]): Promise<RedisPipelineReply[]> {
    const replies: Promise<RedisPipelineReply>[] = [];
    const send = (): void => {
      for (const [name, words] of commands) replies.push(this.#promised(name, words).then(toReply, toErrorReply));
    };
    const connection = this.#open();
    if (connection) connection.together(send);
    else send();
    return Promise.all(replies);
  }
}

type Command = readonly [name: string, words: readonly Word[]];

/** Commands that are sent together; ioredis has no part in it. */
class DirectPipeline implements RedisPipeline, GatePipeline {
  readonly #commands: Command[] = [];
  readonly #send: (commands: readonly Command[]) => Promise<RedisPipelineReply[]>;

  constructor(send: (commands: readonly Command[]) => Promise<RedisPipelineReply[]>) {
    this.#send = send;
  }

  mget(keys: string[]): void {
    this.#commands.push(['mget', keys]);
  }

  get(key: string): void {
    this.#commands.push(['get', [key]]);
  }

  set(...words: Word[]): void {
    this.#commands.push(['set', words]);
  }

  unlink(keys: string[]): void {
    this.#commands.push(['unlink', keys]);
  }

  zadd(...words: Word[]): void {
    this.#commands.push(['zadd', words]);
  }

  zremrangebyscore(...words: Word[]): void {
    this.#commands.push(['zremrangebyscore', words]);
  }

  zremrangebyrank(...words: Word[]): void {
    this.#commands.push(['zremrangebyrank', words]);
  }

  time(): void {
    this.#commands.push(['time', []]);
  }

  info(...sections: string[]): void {
    this.#commands.push(['info', sections]);
  }

  exec(): Promise<RedisPipelineReply[]> {
    return this.#send(this.#commands);
  }
}

/** What ioredis replies has null for nil. */
function withoutNull(reply: unknown): Reply {
  if (Array.isArray(reply)) return reply.map(withoutNull);
  return (reply ?? undefined) as Reply; // a text or a number
}
