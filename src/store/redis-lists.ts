import type { CacheWrite, Listed, ListPage } from './cache-store.js';
import type { RedisClient } from './redis-client.js';

/** A member of a sorted set, which is what a list is: by the time when the entry ends. */
export interface ListedMember {
  readonly key: string;
  readonly member: string;
  readonly expiresAt: number;
}

/** Of a longer list, those that end first are forgotten. */
const longest = 10_000;
/** So many members that were put there pay for looking after their list. */
const writesPerTrim = 100;
/** No key has it. */
const separator = '\u0001';

/** The place of an entry in its list, which is one more command in the same pipeline; undefined where it has none. */
export function memberOf({ key, ttlMs, note }: CacheWrite, nowMs: number): ListedMember | undefined {
  if (!note || ttlMs === 0) return undefined;
  return { key: note.list, member: key + separator + note.text, expiresAt: Math.ceil(nowMs + ttlMs) };
}

/** The next members by the time when they end. `after` is that time and how many that end then were told before. */
export async function readList(
  client: RedisClient,
  list: string,
  { after, limit, nowMs }: { readonly after: string | undefined; readonly limit: number; readonly nowMs: number },
): Promise<ListPage> {
  const [from = nowMs, skip = 0] = after?.split(' ').map(Number) ?? [];
  const answer = await client.zrangebyscore(list, from, '+inf', 'WITHSCORES', 'LIMIT', skip, limit);
  const members = answer.filter((_, index) => index % 2 === 0);
  const scores = answer.filter((_, index) => index % 2 === 1).map(Number);
  const last = scores.at(-1);
  if (last === undefined || members.length < limit) return { items: members.map(toListed), next: undefined };
  const told = scores.filter((score) => score === last).length + (last === from ? skip : 0);
  return { items: members.map(toListed), next: `${last} ${told}` };
}

/** Takes out of a list what ended before, and what is too many. */
export interface ListTrim {
  readonly key: string;
  readonly endedBy: number;
  readonly longest: number;
}

/** Keeps lists from growing: now and then, together with what is being written. */
export class ListTrimmer {
  /** Begins anywhere, so that short-lived processes share the work. */
  #left = Math.floor(Math.random() * writesPerTrim);
  readonly #lists = new Set<string>();

  /** What is to be done beside the writing of these members. One that fails is made up for by the next. */
  dueWith(members: readonly ListedMember[], nowMs: number): readonly ListTrim[] {
    for (const { key } of members) this.#lists.add(key);
    this.#left -= members.length;
    if (this.#left > 0 || members.length === 0) return [];
    this.#left = writesPerTrim;
    const due = [...this.#lists].map((key) => ({ key, endedBy: nowMs, longest }));
    this.#lists.clear();
    return due;
  }
}

function toListed(member: string): Listed {
  const end = member.indexOf(separator);
  return { key: member.slice(0, end), text: member.slice(end + 1) };
}
