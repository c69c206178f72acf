import type { Clock } from '../support/clock.js';
import type { Reject, Texts } from './cache-store.js';
import type { DirectConnection, Word } from './direct-connection.js';
import { partedTexts, partsOf, pick, placesToAsk, textsAt, type Part } from './parted-keys.js';
import { factIn } from './redis-facts.js';
import { forgetCommand, isLasting, timesAsked, tracked, type RepeatedKeys } from './repeated-keys.js';
import { RedisReplyError, type Reply } from './reply-reader.js';
import { none, TrackedKeys, TrackedTexts } from './tracked-texts.js';

/** Keys are tracked from when they are asked for this time: those that are asked for now and then only are not worth it. */
const timesBefore = 2;

/**
 * After so long all that is kept is read once more, but for what nobody asked for meanwhile, which is let go: a server
 * that evicts what nobody reads must not take it for unused, and one that does not tell of a change is noticed.
 */
const longestTrustMs = 60_000;

/** So many texts are read once more by one command: they may be long, and others wait for the server meanwhile. */
const keysPerReview = 100;

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
  readonly #connection: DirectConnection;
  readonly #clock: Clock;
  readonly #distrusted: (key: string) => void;
  readonly #texts = new TrackedTexts();
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
      const parts = this.#isOn ? partsOf(keys) : undefined;
      if (parts) this.#readParts(keys, parts, { resolve, reject });
      else this.#readAll(keys, resolve, reject);
      return;
    }
    const known = this.#knownOf(keys);
    if (!known) {
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

  /** What is kept of a list, if that need not be read once more. */
  #knownOf(keys: RepeatedKeys): TrackedKeys | undefined {
    const known = keys[tracked];
    if (!(known instanceof TrackedKeys) || !known.isCurrent || known.by !== this.#name) return undefined;
    known.isUsed = true;
    return known;
  }

  /** Several lists at once: asks for those of which not all is kept, by one command. */
  #readParts(keys: readonly string[], parts: readonly Part[], { resolve, reject }: Waiting): void {
    const current = parts.map(({ list }) => list && this.#knownOf(list));
    const known = current.map((each) => (each?.others.length === 0 ? each : undefined)); // of which nothing is asked
    const unknown = new Map(parts.map((part, index) => [current[index] ? undefined : part.list, part]));
    const due = [...unknown].filter(([list]) => list && this.#isDue(list));
    const asked = placesToAsk(keys, parts, known);
    const answered = (reply: Reply): void => {
      const texts = textsAt(asked, asked.length === 0 ? [] : (reply as Texts)); // what MGET replies
      for (const [list, { places }] of due) if (list && this.#isOn) this.#keep(list, pick(texts, places));
      const ofParts = known.map((kept) => (kept?.isCurrent === true ? kept.texts : undefined));
      const lost = known.map((kept) => kept?.isCurrent === false);
      if (lost.includes(true)) this.#readLost({ keys, parts, lost, texts, ofParts }, { resolve, reject });
      else resolve(partedTexts(texts, ofParts));
    };
    const failed = (error: unknown): void => {
      if (asked.length > 0 || !(error instanceof RedisReplyError)) {
        reject(error);
        return;
      }
      this.#end();
      answered([]);
    };
    this.#connection.together(() => {
      if (due.length > 0) this.#connection.ask('client', ['caching', 'yes'], nothing, () => this.#end());
      const [name, words] = asked.length === 0 ? ['ping', none] : ['mget', asked.map((place) => keys[place] ?? '')];
      this.#connection.ask(name, words, answered, failed);
    });
  }

  /**
   * The parts that were kept when they were asked for, and not any more when the answer came. NOTE: the others may get a
   * text of theirs that is newer than the rest: a stamp never comes back, so what all agree on held when the rest was read.
   */
  #readLost({ keys, parts, lost, texts, ofParts }: Incomplete, { resolve, reject }: Waiting): void {
    const places = placesToAsk(
      keys,
      parts,
      lost.map((isLost) => !isLost),
    );
    const again = places.map((place) => keys[place] ?? '');
    this.#readAgain(again, (read) => resolve(partedTexts(textsAt(places, read, texts), ofParts)), reject);
  }

  #readAgain(keys: readonly string[], resolve: (texts: Texts) => void, reject: Reject): void {
    if (this.#connection.isOpen) this.read(keys, resolve, reject);
    else reject(new Error('Connection is closed.')); // and only the answers to what was asked before still come
  }

  /** Reads them, and lets the server track them where they are asked for often. */
  #readOnce(keys: RepeatedKeys, resolve: (texts: Texts) => void, reject: Reject): void {
    if (!this.#isDue(keys)) {
      this.#readAll(keys, resolve, reject);
      return;
    }
    const answered = (reply: Reply): void => {
      const texts = reply as Texts; // what MGET replies
      const kept = this.#isOn ? this.#keep(keys, texts) : undefined;
      resolve(kept?.others.length === 0 ? kept.texts : texts); // NOTE: what is made of these is remembered
    };
    this.#connection.together(() => {
      this.#connection.ask('client', ['caching', 'yes'], nothing, () => this.#end());
      this.#connection.ask('mget', keys, answered, reject);
    });
  }

  /** Whether keys that are going to be read are asked for often enough to be tracked. */
  #isDue(keys: RepeatedKeys): boolean {
    const known = keys[tracked];
    if (known instanceof TrackedKeys && !known.isCurrent) {
      keys[tracked] = undefined;
      keys[timesAsked] = 0;
    }
    keys[timesAsked] += 1;
    return keys[timesAsked] >= timesBefore && !this.#texts.areFull;
  }

  #readAll(keys: readonly string[], resolve: (texts: Texts) => void, reject: Reject): void {
    this.#connection.ask('mget', keys, (reply) => resolve(reply as Texts), reject); // what MGET replies
  }

  /** What is kept of a list from now on; undefined also where it was kept meanwhile, for others who asked at the same time. */
  #keep(keys: RepeatedKeys, read: Texts): TrackedKeys | undefined {
    const known = keys[tracked];
    if (known instanceof TrackedKeys && known.isCurrent && known.by === this.#name) return undefined;
    const kept = this.#track(keys, read);
    keys[tracked] = kept;
    if (kept) {
      forgetCommand(keys); // from now on a shorter one is sent
      this.#reviewLater();
    } else {
      keys[timesAsked] = 0; // as what is never stored, which shall not take two commands each time
    }
    return kept;
  }

  #track(keys: readonly string[], read: Texts): TrackedKeys | undefined {
    const list = new TrackedKeys(this.#name, { keys, read });
    for (let index = 0; index < list.keys.length; index++) {
      const key = list.keys[index] ?? '';
      const text = list.texts[index];
      if (text === undefined) return undefined;
      const kept = this.#texts.under(key);
      if (kept === undefined ? mayComeBackChanged(key) : !this.#agrees(key, kept, text)) return undefined;
    }
    this.#texts.add(list);
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
      this.#texts.forgetAll(); // everything was dropped
      return;
    }
    for (const key of keys) this.#texts.forgetUnder(String(key));
  }

  #end(): void {
    this.#isOn = false;
    this.#texts.forgetAll();
  }

  #distrust(key: string): void {
    this.#end();
    this.#distrusted(key);
  }

  #reviewLater(): void {
    if (this.#timerRuns) return;
    this.#timerRuns = true;
    this.#clock.schedule(longestTrustMs, () => {
      this.#texts.forgetUnused();
      this.#review([...this.#texts.keys]);
    });
  }

  /** Reads what is kept under these keys once more, in parts. */
  #review(keys: readonly string[]): void {
    if (!this.#isOn || !this.#connection.isOpen) return; // NOTE: for good; another connection has a tracking of its own
    if (keys.length === 0) {
      this.#timerRuns = false;
      if (this.#texts.areSome) this.#reviewLater();
      return;
    }
    const part = keys.slice(0, keysPerReview);
    const reviewed = (reply: Reply): void => {
      const texts = reply as Texts; // what MGET replies
      for (let index = 0; index < part.length; index++) this.#compare(part[index] ?? '', texts[index]);
      this.#review(keys.slice(keysPerReview));
    };
    this.#connection.ask('mget', part, reviewed, () => this.#end());
  }

  /** What is kept when the answer is there was read before that was asked for, and not told to have changed since. */
  #compare(key: string, read: string | undefined): void {
    const kept = this.#texts.under(key);
    if (kept !== undefined && !this.#agrees(key, kept, read)) this.#texts.forgetUnder(key);
  }
}

/** What was answered for several lists at once, but for those that were lost. */
interface Incomplete {
  readonly keys: readonly string[];
  readonly parts: readonly Part[];
  readonly lost: readonly boolean[];
  readonly texts: Texts;
  readonly ofParts: readonly (Texts | undefined)[];
}

interface Waiting {
  readonly resolve: (texts: Texts) => void;
  readonly reject: Reject;
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
