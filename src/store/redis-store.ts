import { UsageError } from '../errors.js';
import { systemClock } from '../support/clock.js';
import type { CacheStore, CacheWrite, ListPage, Reject } from './cache-store.js';
import { askPerHashTag } from './hash-tag.js';
import type { RedisClient } from './redis-client.js';
import { ListTrimmer, memberOf, readList } from './redis-lists.js';
import {
  acquireTexts,
  dropTexts,
  dropTextsOfOneSlot,
  keysPerCommand,
  readTexts,
  toTexts,
  writeTexts,
  type RedisWrite,
} from './redis-commands.js';
import { Silence } from './silence.js';

/** A longer silence means that the connection or the server is gone: the socket is given up and made anew. */
const silenceMs = 2_000;

/** How a {@link RedisStore} treats its client. */
export interface RedisStoreOptions {
  /** True: `close()` ends the client. Default false: it belongs to the caller. */
  readonly ownsClient?: boolean | undefined;
}

/**
 * Keeps texts in a Redis server, behind Sentinel, or in a Redis Cluster. Each operation is one round trip; in a Cluster
 * one per hash tag, all at the same time.
 *
 * Throws UsageError for a client that reads from replicas: they may still have what was dropped.
 */
export class RedisStore implements CacheStore {
  readonly name = 'redis';
  readonly #client: RedisClient;
  readonly #ownsClient: boolean;
  readonly #trimmer = new ListTrimmer();
  readonly #drop: (keys: string[]) => Promise<unknown>;
  readonly #dropsOtherwise: boolean;
  /** Why there is no connection, where the client told. */
  #connectionError: Error | undefined;
  /** Of a client of our own; others have their own `socketTimeout`. */
  readonly #silence: Silence | undefined;
  #isClosing = false;

  /** With `drop`, keys are dropped by it instead of by plain commands. */
  constructor(
    client: RedisClient,
    { ownsClient = false }: RedisStoreOptions = {},
    drop?: (keys: string[]) => Promise<void>,
  ) {
    refuseReplicas(client);
    this.#client = client;
    this.#ownsClient = ownsClient;
    this.#dropsOtherwise = drop !== undefined;
    this.#drop = drop ?? ((keys) => (client.isCluster ? dropTextsOfOneSlot : dropTexts)(client, keys));
    if (ownsClient) {
      this.#silence = new Silence(systemClock, silenceMs, () => client.disconnect(!this.#isClosing));
      client.on('error', (error) => {
        this.#connectionError = error;
      });
    }
  }

  read(keys: readonly string[]): Promise<(string | undefined)[]> {
    return new Promise((resolve, reject) => this.request(keys, (texts) => resolve([...texts]), reject));
  }

  request(keys: readonly string[], resolve: (texts: readonly (string | undefined)[]) => void, reject: Reject): void {
    if (this.#client.isCluster || keys.length > keysPerCommand || keys.length === 0) {
      this.#ask(keys, itself, (part) => readTexts(this.#client, part)).then(resolve, reject);
      return;
    }
    this.#silence?.asked();
    const failed = this.#failing(reject);
    if (this.#client.request) {
      const answered = (texts: readonly (string | undefined)[]): void => {
        this.#silence?.answered();
        resolve(texts);
      };
      this.#client.request(keys, answered, failed);
      return;
    }
    // NOTE: one promise, that of the client, since each costs on the way of every hit
    this.#client.mget([...keys]).then((values) => {
      this.#silence?.answered();
      resolve(toTexts(values));
    }, failed);
  }

  acquire(requests: readonly CacheWrite[]): Promise<(string | undefined)[]> {
    return this.#ask(requests, keyOf, (part) => acquireTexts(this.#client, part));
  }

  async write(entries: readonly CacheWrite[]): Promise<void> {
    const nowMs = systemClock.now();
    const members = entries.flatMap((entry) => memberOf(entry, nowMs) ?? []);
    const trims = this.#trimmer.dueWith(members, nowMs);
    await this.#ask<RedisWrite, never>([...entries, ...members, ...trims], keyOf, async (part) => {
      await writeTexts(this.#client, part);
      return [];
    });
  }

  async list(list: string, page: { readonly after: string | undefined; readonly limit: number }): Promise<ListPage> {
    try {
      return await readList(this.#client, list, { ...page, nowMs: systemClock.now() });
    } catch (error) {
      throw withoutArguments(this.#reasonOf(error));
    }
  }

  drop(keys: readonly string[]): Promise<void> {
    if (keys.length === 0) return Promise.resolve();
    if (!this.#client.isCluster) return this.#heard(this.#drop([...keys]), nothing);
    return this.#ask<string, never>(keys, itself, (part) => this.#drop(part).then(() => [])).then(nothing);
  }

  requestDrop(keys: readonly string[], resolve: () => void, reject: Reject): void {
    const client = this.#client;
    if (!client.requestUnlink || this.#dropsOtherwise || keys.length > keysPerCommand || keys.length === 0) {
      this.drop(keys).then(resolve, reject);
      return;
    }
    this.#silence?.asked();
    const answered = (): void => {
      this.#silence?.answered();
      resolve();
    };
    client.requestUnlink(keys, answered, this.#failing(reject));
  }

  async close(): Promise<void> {
    if (!this.#ownsClient) return;
    this.#isClosing = true;
    const cancel = systemClock.schedule(silenceMs, () => this.#client.disconnect());
    try {
      await this.#client.quit();
    } catch {
      this.#client.disconnect(); // it was not connected, or does not answer
    } finally {
      cancel();
    }
  }

  /** What is told where a command failed. */
  #failing(reject: Reject): Reject {
    return (error) => {
      this.#silence?.answered();
      reject(withoutArguments(this.#reasonOf(error)));
    };
  }

  #ask<Item, Answer>(
    items: readonly Item[],
    key: (item: Item) => string,
    ask: (items: Item[]) => Promise<Answer[]>,
  ): Promise<(Answer | undefined)[]> {
    if (items.length === 0) return Promise.resolve([]);
    const answers: Promise<(Answer | undefined)[]> = this.#client.isCluster
      ? askPerHashTag(items, key, ask)
      : ask([...items]);
    return this.#heard(answers, (all) => all);
  }

  /** What an answer says; somebody waits for it until it comes. */
  #heard<Answer, Result>(answer: Promise<Answer>, toResult: (answer: Answer) => Result): Promise<Result> {
    this.#silence?.asked();
    return answer.then(
      (all) => {
        this.#silence?.answered();
        return toResult(all);
      },
      (error: unknown) => {
        this.#silence?.answered();
        throw withoutArguments(this.#reasonOf(error));
      },
    );
  }

  /** Without a connection ioredis only says that there is none; what people need is why. */
  #reasonOf(error: unknown): unknown {
    return this.#client.status === 'ready' ? error : (this.#connectionError ?? error);
  }
}

const itself = (key: string): string => key;
const nothing = (): void => undefined;
const keyOf = (write: { readonly key: string }): string => write.key;

/** ioredis puts the command on its errors, arguments included: cached data and passwords, which must not get into logs. */
function withoutArguments(error: unknown): unknown {
  if (error instanceof Error) Reflect.deleteProperty(error, 'command');
  return error;
}

function refuseReplicas({ options }: RedisClient): void {
  if (options.role === 'slave' || (options.scaleReads ?? 'master') !== 'master') {
    throw new UsageError(
      "A cache in Redis must read from masters, since replicas may still have what was dropped: leave out 'scaleReads' and 'role' of the ioredis client.",
    );
  }
}
