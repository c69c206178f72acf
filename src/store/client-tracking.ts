import type { Clock } from '../support/clock.js';
import type { Reject } from './cache-store.js';
import type { DirectConnection, Word } from './direct-connection.js';
import { lastingTexts } from './lasting-texts.js';
import { inOnePiece } from '../support/compact.js';
import { factIn } from './redis-facts.js';
import { forgetCommand, isLasting, repeatedKeys, timesAsked, tracked, type RepeatedKeys } from './repeated-keys.js';
import { RedisReplyError, type Reply } from './reply-reader.js';

type Texts = readonly (string | undefined)[];

/** Keys are tracked from when they are asked for this time: those that are asked for now and then only are not worth it. */
const timesBefore = 2;

/**
 * After so long texts that are asked for are read once more: a server that evicts what nobody reads must not take them
 * for unused, and one that does not tell of a change is noticed.
 */
const longestTrustMs = 60_000;

/** A longer first text, as that of a large entry, is read each time. */
const longestText = 2_000;

/** So many characters are kept; then no more are, and at the end of the period all are forgotten, to begin with what is asked for. */
const mostCharacters = 16_000_000;

/** What a list takes besides its texts. */
const charactersPerList = 1_000;

/** A text that the server is going to tell of when it changes, and whose keys it belongs to. */
class TrackedText {
  readonly text: string;
  /** NOTE: most belong to one list; a set for each would take more memory than all else. */
  #lists: TrackedKeys | Set<TrackedKeys> | undefined;

  constructor(text: string) {
    this.text = text;
  }

  get lists(): Iterable<TrackedKeys> {
    const lists = this.#lists;
    if (lists === undefined) return [];
    return lists instanceof Set ? lists : [lists];
  }

  add(list: TrackedKeys): void {
    const lists = this.#lists;
    if (lists instanceof Set) lists.add(list);
    else this.#lists = lists === undefined || lists === list ? list : new Set([lists, list]);
  }

  /** Whether there are others. */
  remove(list: TrackedKeys): boolean {
    const lists = this.#lists;
    if (lists instanceof Set) {
      lists.delete(list);
      return lists.size > 0;
    }
    this.#lists = undefined;
    return false;
  }
}

/** What each list begins with of which all texts are kept. */
const none = repeatedKeys([]);

/** Keys whose texts are known. */
class TrackedKeys {
  /** Which tracking keeps them. NOTE: not the tracking itself, whose connection may be over long before the keys are. */
  readonly by: object;
  /** False from when one of the texts may have changed. */
  isCurrent = true;
  /** In which period of the tracking the texts were read. */
  period: number;
  /** What is asked for each time; it comes first. */
  readonly others: RepeatedKeys;
  readonly keys: readonly string[];
  /** The texts of the other keys. */
  readonly texts: Texts;

  constructor(by: object, period: number, { keys, read }: { readonly keys: readonly string[]; readonly read: Texts }) {
    const from = (read[0]?.length ?? 0) > longestText ? 1 : 0;
    this.by = by;
    this.period = period;
    this.others = from === 0 ? none : repeatedKeys(keys.slice(0, from));
    this.keys = from === 0 ? keys : keys.slice(from);
    this.texts = lastingTexts(read.slice(from).map((text) => text && inOnePiece(text))); // not as parts of a long reply
  }

  get characters(): number {
    let sum = charactersPerList;
    for (const key of this.keys) sum += key.length;
    for (const text of this.texts) sum += 2 * (text?.length ?? 0); // readers keep what they make of them
    return sum;
  }
}

/**
 * Keeps texts in this process while the server tells of every change of them (client tracking). Who asks for them
 * is still answered after a round trip to the server, by what is kept when its answer arrives.
 *
 * Invariant: so everybody gets what the server had at one moment after they asked, as by one MGET. A server that runs
 * one command at a time writes the message that a key has changed before the reply to any command that it runs later, and
 * a connection keeps that order. Servers of which this is not known are not tracked.
 */
export class ClientTracking {
  /** What tells this from others. */
  readonly #name = {};
  /** Texts that were read in another period are read once more. */
  #period = 0;
  readonly #connection: DirectConnection;
  readonly #clock: Clock;
  readonly #distrusted: (key: string) => void;
  readonly #texts = new Map<string, TrackedText>();
  #characters = 0;
  #isOn = false;
  #timerRuns = false;

  /** `distrusted` is told of a key that the server has changed without telling; then nothing is tracked any more. */
  constructor(connection: DirectConnection, clock: Clock, distrusted: (key: string) => void) {
    this.#connection = connection;
    this.#clock = clock;
    this.#distrusted = distrusted;
    connection.onPush = (message) => this.#told(message);
    void connection.ended.then(() => this.#end());
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  get #isFull(): boolean {
    return this.#characters >= mostCharacters;
  }

  /** Asks the server to tell, if it is one that does so in order. What it does not allow is done without. */
  start(): void {
    const on = (): void => {
      this.#isOn = true;
    };
    const ask = (name: string, words: readonly Word[], then: (reply: Reply) => void): void => {
      if (this.#connection.isOpen) this.#connection.ask(name, words, then, nothing);
    };
    ask('info', ['server'], (facts) => {
      if (tellsInOrder(facts)) ask('hello', [3], () => ask('client', ['tracking', 'on', 'optin'], on));
    });
  }

  /** MGET by callbacks, which must not throw. */
  read(keys: readonly string[], resolve: (texts: Texts) => void, reject: Reject): void {
    if (!this.#isOn || !isLasting(keys)) {
      this.#readAll(keys, resolve, reject);
      return;
    }
    const known = keys[tracked];
    if (
      !(known instanceof TrackedKeys) ||
      !known.isCurrent ||
      known.period !== this.#period ||
      known.by !== this.#name
    ) {
      this.#readOnce(keys, resolve, reject);
      return;
    }
    const areAllKept = known.others.length === 0;
    const answered = (reply: Reply): void => {
      if (!known.isCurrent) this.#readAgain(keys, resolve, reject);
      else resolve(areAllKept ? known.texts : [...(reply as Texts), ...known.texts]); // what MGET replies
    };
    const failed = (error: unknown): void => {
      if (!areAllKept || !(error instanceof RedisReplyError)) {
        reject(error);
        return;
      }
      this.#end(); // NOTE: PING is refused to some who may read, and to all while the server cannot save
      this.#readAgain(keys, resolve, reject);
    };
    this.#connection.ask(areAllKept ? 'ping' : 'mget', known.others, answered, failed);
  }

  #readAgain(keys: RepeatedKeys, resolve: (texts: Texts) => void, reject: Reject): void {
    if (this.#connection.isOpen) this.read(keys, resolve, reject);
    else reject(new Error('Connection is closed.')); // and only the answers to what was asked before still come
  }

  /** Reads them, and lets the server track them where they are asked for often. */
  #readOnce(keys: RepeatedKeys, resolve: (texts: Texts) => void, reject: Reject): void {
    const known = keys[tracked];
    if (known instanceof TrackedKeys && !known.isCurrent) {
      keys[tracked] = undefined;
      keys[timesAsked] = 0;
    }
    keys[timesAsked] += 1;
    if (keys[timesAsked] < timesBefore || this.#isFull) {
      this.#readAll(keys, resolve, reject);
      return;
    }
    const answered = (reply: Reply): void => {
      const texts = reply as Texts; // what MGET replies
      if (this.#isOn) this.#keep(keys, texts);
      resolve(texts);
    };
    this.#connection.together(() => {
      this.#connection.ask('client', ['caching', 'yes'], nothing, () => this.#end());
      this.#connection.ask('mget', keys, answered, reject);
    });
  }

  #readAll(keys: readonly string[], resolve: (texts: Texts) => void, reject: Reject): void {
    this.#connection.ask('mget', keys, (reply) => resolve(reply as Texts), reject); // what MGET replies
  }

  #keep(keys: RepeatedKeys, read: Texts): void {
    const known = keys[tracked];
    if (known instanceof TrackedKeys && known.by === this.#name && this.#isStill(known, read)) {
      known.period = this.#period;
    } else {
      if (known instanceof TrackedKeys && known.by === this.#name) this.#forget(known);
      keys[tracked] = this.#isOn ? this.#track(keys, read) : undefined;
      if (!keys[tracked]) keys[timesAsked] = 0; // as what is never stored, which shall not take two commands each time
    }
    if (!keys[tracked]) return;
    forgetCommand(keys); // from now on a shorter one is sent
    this.#beginPeriod();
  }

  /** Whether what is kept is what was read just now. */
  #isStill({ isCurrent, others, keys, texts }: TrackedKeys, read: Texts): boolean {
    if (!isCurrent) return false;
    for (let index = 0; index < texts.length; index++) {
      if (!this.#agrees(keys[index] ?? '', texts[index], read[others.length + index])) return false;
    }
    return true;
  }

  #track(keys: readonly string[], read: Texts): TrackedKeys | undefined {
    const list = new TrackedKeys(this.#name, this.#period, { keys, read });
    for (let index = 0; index < list.keys.length; index++) {
      const key = list.keys[index] ?? '';
      const text = list.texts[index];
      if (text === undefined || mayComeBackChanged(key)) return undefined;
      const known = this.#texts.get(key);
      if (known && !this.#agrees(key, known.text, text)) return undefined;
    }
    this.#characters += list.characters;
    for (let index = 0; index < list.keys.length; index++) {
      const key = list.keys[index] ?? '';
      const text = this.#texts.get(key) ?? new TrackedText(list.texts[index] ?? '');
      this.#texts.set(key, text);
      text.add(list);
    }
    return list;
  }

  /** Whether a text is the one that was kept. Of one that has just ended is told after the answer; other changes, before. */
  #agrees(key: string, kept: string | undefined, read: string | undefined): boolean {
    if (kept === read) return true;
    if (read !== undefined) this.#distrust(key);
    return false;
  }

  #told([kind, keys]: readonly Reply[]): void {
    if (kind !== 'invalidate') return;
    if (typeof keys !== 'object' || keys instanceof RedisReplyError) {
      this.#forgetAll(); // everything was dropped
      return;
    }
    for (const key of keys) for (const list of this.#texts.get(String(key))?.lists ?? []) this.#forget(list);
  }

  #forget(list: TrackedKeys): void {
    if (!list.isCurrent) return;
    list.isCurrent = false;
    this.#characters -= list.characters;
    for (const key of list.keys) if (this.#texts.get(key)?.remove(list) === false) this.#texts.delete(key);
  }

  #forgetAll(): void {
    for (const { lists } of this.#texts.values()) for (const list of lists) list.isCurrent = false;
    this.#texts.clear();
    this.#characters = 0;
  }

  #end(): void {
    this.#isOn = false;
    this.#forgetAll();
  }

  #distrust(key: string): void {
    this.#end();
    this.#distrusted(key);
  }

  #beginPeriod(): void {
    if (this.#timerRuns) return;
    this.#timerRuns = true;
    this.#clock.schedule(longestTrustMs, () => {
      this.#timerRuns = false;
      this.#period += 1;
      if (this.#isFull) this.#forgetAll();
    });
  }
}

const nothing = (): void => undefined;

/** The oldest Redis that is asked; Valkey calls itself 7. Some before tell of a flush in another way. */
const oldestVersion = 7;

/** Redis and Valkey themselves; what speaks their language may work differently, and what stands before them may reorder. */
function tellsInOrder(facts: Reply): boolean {
  if (typeof facts !== 'string') return false;
  const version = Number.parseInt(factIn(facts, 'redis_version') ?? '', 10);
  return version >= oldestVersion && /(^|\/)(redis|valkey)-server$/.test(factIn(facts, 'executable') ?? '');
}

/** Half a character, which JavaScript allows, is sent as another one. */
function mayComeBackChanged(key: string): boolean {
  return /\p{Surrogate}/u.test(key);
}
