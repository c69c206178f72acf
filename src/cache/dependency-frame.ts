import { AsyncLocalStorage } from 'node:async_hooks';

export interface FrameOptions {
  readonly entryKey?: string;
  readonly outer?: DependencyFrame | undefined;
  readonly isWatching?: boolean;
}

/**
 * What one running computation has consumed so far: each dependency with the stamp under which it was consumed, never
 * one that was fetched later. The idea is TxCache's (OSDI 2010).
 */
export class DependencyFrame {
  /** Whose stamps these are; a frame cannot mix two caches. */
  readonly owner: object;
  /** The key of the entry that the result becomes; undefined where none. */
  readonly entryKey: string | undefined;
  /** The frame of the computation around this one. */
  readonly outer: DependencyFrame | undefined;
  /** Whether it was said what the result depends on besides what is seen to be read. */
  readonly isWatching: boolean;
  readonly #stamps = new Map<string, string>();
  /** Computations that others began and this one, or one inside of it, waits for. */
  readonly #awaited: DependencyFrame[] = [];
  #taint: string | undefined;
  #expiresAt = Number.POSITIVE_INFINITY;
  #sealed = false;
  #abort: AbortController | undefined;

  constructor(owner: object, { entryKey, outer, isWatching = false }: FrameOptions = {}) {
    this.owner = owner;
    this.entryKey = entryKey;
    this.outer = outer;
    this.isWatching = isWatching;
  }

  /** Whether the entry of this key is being computed in this frame or around it. */
  isComputing(owner: object, entryKey: string): boolean {
    if (this.entryKey === entryKey && this.owner === owner) return true;
    return this.outer?.isComputing(owner, entryKey) ?? false;
  }

  /** Whether this computation cannot end before `other` does, or before one around that. */
  waitsFor(other: DependencyFrame): boolean {
    if (other.#withOuter().includes(this)) return true;
    return [...this.#awaited].some((awaited) => awaited.waitsFor(other));
  }

  /** Notes, for this one and those around it, that they wait for a computation that somebody else began. */
  async awaiting<T>(other: DependencyFrame, result: Promise<T>): Promise<T> {
    const frames = this.#withOuter();
    for (const frame of frames) frame.#awaited.push(other);
    try {
      return await result;
    } finally {
      for (const frame of frames) frame.#awaited.splice(frame.#awaited.indexOf(other), 1);
    }
  }

  #withOuter(): DependencyFrame[] {
    return this.outer ? [this, ...this.outer.#withOuter()] : [this];
  }

  /** Why the result must not be stored; undefined if it may. */
  get taint(): string | undefined {
    return this.#taint;
  }

  /** When the shortest-lived value without dependencies ends that went into this one. */
  get expiresAt(): number {
    return this.#expiresAt;
  }

  get stamps(): ReadonlyMap<string, string> {
    return this.#stamps;
  }

  /** Notes what was consumed. The same dependency under two stamps means that it changed meanwhile: nothing is stored. */
  record(owner: object, keys: readonly string[], stamps: readonly string[]): void {
    if (owner !== this.owner) {
      this.spoil('it reads from more than one connection');
      return;
    }
    for (let index = 0; index < keys.length; index++) this.#recordOne(keys[index] ?? '', stamps[index] ?? '');
  }

  #recordOne(key: string, stamp: string): void {
    const known = this.#stamps.get(key);
    if (known === undefined) {
      if (!this.#sealed) this.#stamps.set(key, stamp);
    } else if (known !== stamp) {
      this.spoil('something it read changed while it ran');
    }
  }

  /** Is aborted when this computation is given up. Made when it is asked for. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }

  /** Gives this computation up: what it still reads counts for nothing. */
  abort(reason: Error): void {
    this.spoil(reason.message);
    this.seal();
    this.#abort ??= new AbortController();
    this.#abort.abort(reason);
  }

  /** Forbids storing the result. The first reason is kept. */
  spoil(reason: string): void {
    this.#taint ??= reason;
  }

  /** Lets the result live no longer than a value that went into it. */
  limit(expiresAt: number): void {
    if (expiresAt < this.#expiresAt) this.#expiresAt = expiresAt;
  }

  /** Takes over everything that an inner computation consumed. */
  absorb(inner: DependencyFrame): void {
    this.record(inner.owner, [...inner.#stamps.keys()], [...inner.#stamps.values()]);
    if (inner.#taint !== undefined) this.spoil(inner.#taint);
    this.limit(inner.#expiresAt);
  }

  /** Ends recording: what still runs because nobody awaited it no longer counts. */
  seal(): void {
    this.#sealed = true;
  }
}

const frames = new AsyncLocalStorage<DependencyFrame | undefined>();

/** The computation that runs in this async context, if any. */
export function currentFrame(): DependencyFrame | undefined {
  return frames.getStore();
}

let running = 0;

/**
 * Runs `task` as part of the computation that `frame` records; undefined records nothing. What outlives every task that
 * was run so, because nobody awaited it, belongs to none any more.
 */
export function runInFrame<T>(frame: DependencyFrame | undefined, task: () => T): T {
  running += 1;
  let result: T;
  try {
    result = frames.run(frame, task);
  } catch (error) {
    leave();
    throw error;
  }
  if (result instanceof Promise) result.then(leave, leave);
  else leave();
  return result;
}

/** NOTE: while a storage is in use, Node before 24 follows each promise of the process, which then takes three times as long. */
function leave(): void {
  running -= 1;
  if (running === 0) frames.disable();
}

/**
 * Goes on with a failure of the store. NOTE: an answer arrives in the async context of whoever asked first in its tick; this
 * is for the context of each who asked.
 */
export function spoilAndThrow(error: unknown): never {
  currentFrame()?.spoil('the store failed');
  throw error;
}
