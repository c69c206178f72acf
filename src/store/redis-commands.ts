import type { CacheWrite } from './cache-store.js';
import type { ListedMember, ListTrim } from './redis-lists.js';
import { inOneGo, type BatchedCommands } from './redis-batch.js';
import type { RedisClient, RedisPipelineReply } from './redis-client.js';

/** A command with more keys would keep the server, which does one thing at a time, from all others for too long. */
export const keysPerCommand = 1000;

type Texts = (string | undefined)[];

/** MGET; several in one go where there are many keys. */
export function readTexts(client: RedisClient, keys: string[]): Promise<Texts> {
  return keys.length <= keysPerCommand ? client.mget(keys).then(toTexts) : readInParts(client, keys);
}

async function readInParts(client: RedisClient, keys: string[]): Promise<Texts> {
  const replies = await inOneGo(client, (commands) => {
    for (const chunk of chunksOf(keys)) commands.mget(chunk);
  });
  return toTexts(valuesOf(replies).flat());
}

/** SET NX of each and an MGET of all in one go: one round trip on every version of Redis. */
export async function acquireTexts(client: RedisClient, requests: readonly CacheWrite[]): Promise<Texts> {
  const replies = await inOneGo(client, (commands) => {
    for (const request of requests) setIfEmpty(commands, request);
    for (const chunk of chunksOf(requests.map(({ key }) => key))) commands.mget(chunk);
  });
  return toTexts(valuesOf(replies).slice(requests.length).flat());
}

/** What a write is made of: a text, its place in a list, or what keeps a list short. */
export type RedisWrite = CacheWrite | ListedMember | ListTrim;

/** SET of each text, ZADD of each member, two commands for each list to trim; in one go where there are several. */
export async function writeTexts(client: RedisClient, writes: readonly RedisWrite[]): Promise<void> {
  const [first] = writes;
  if (first && writes.length === 1 && 'value' in first) {
    await set(client, first);
    return;
  }
  const replies = await inOneGo(client, (commands) => {
    for (const write of writes) {
      if ('value' in write) set(commands, write);
      else if ('member' in write) commands.zadd(write.key, write.expiresAt, write.member);
      else trim(commands, write);
    }
  });
  valuesOf(replies);
}

/** UNLINK; several in one go where there are many keys. */
export function dropTexts(client: RedisClient, keys: string[]): Promise<unknown> {
  return keys.length <= keysPerCommand ? client.unlink(keys) : dropInParts(client, keys);
}

async function dropInParts(client: RedisClient, keys: string[]): Promise<void> {
  const replies = await inOneGo(client, (commands) => {
    for (const chunk of chunksOf(keys)) commands.unlink(chunk);
  });
  valuesOf(replies);
}

/**
 * UNLINK of each key by itself, in one go; then again, each alone, of those that were refused.
 *
 * NOTE: while a slot moves from one node to another, a command with several keys fails as soon as one of them does not
 * exist, which is usual here, and a pipeline is not redirected; a single UNLINK is. An invalidation must not wait for
 * the move to end.
 */
export async function dropTextsOfOneSlot(client: RedisClient, keys: string[]): Promise<void> {
  let refused = keys;
  if (keys.length > 1) {
    const replies = await inOneGo(client, (commands) => {
      for (const key of keys) commands.unlink([key]);
    });
    refused = keys.filter((_, index) => replies[index]?.[0]);
  }
  await Promise.all(refused.map((key) => client.unlink([key])));
}

/** Drops keys by a script; several in turn where there are many keys. */
export async function dropTextsBy(script: string, client: ScriptClient, keys: string[]): Promise<void> {
  await Promise.all(chunksOf(keys).map((chunk) => client.eval(script, chunk.length, ...chunk)));
}

/** A client that runs scripts. */
interface ScriptClient {
  eval(script: string, numberOfKeys: number, ...words: string[]): Promise<unknown>;
}

function setIfEmpty(commands: BatchedCommands, { key, value, ttlMs }: CacheWrite): void {
  if (ttlMs === 0) commands.set(key, value, 'NX');
  else commands.set(key, value, 'PX', wholeMs(ttlMs), 'NX');
}

function set(target: RedisClient | BatchedCommands, { key, value, ttlMs }: CacheWrite): unknown {
  return ttlMs === 0 ? target.set(key, value) : target.set(key, value, 'PX', wholeMs(ttlMs));
}

function trim(commands: BatchedCommands, { key, endedBy, longest }: ListTrim): void {
  commands.zremrangebyscore(key, '-inf', endedBy);
  commands.zremrangebyrank(key, 0, -longest - 1);
}

function wholeMs(ttlMs: number): number {
  return Math.max(1, Math.round(ttlMs));
}

/** The values of replies; throws if any command failed: nobody could tell what holds then. */
function valuesOf(replies: readonly RedisPipelineReply[]): unknown[] {
  return replies.map(([error, value]) => {
    if (error) throw error;
    return value;
  });
}

/** Redis says null where there is none. */
export function toTexts(values: readonly unknown[]): Texts {
  return values.map((value) => (typeof value === 'string' ? value : undefined));
}

function chunksOf(keys: string[]): string[][] {
  if (keys.length <= keysPerCommand) return [keys];
  const chunks: string[][] = [];
  for (let start = 0; start < keys.length; start += keysPerCommand) {
    chunks.push(keys.slice(start, start + keysPerCommand));
  }
  return chunks;
}
