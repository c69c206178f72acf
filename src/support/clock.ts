/** Where time comes from. Tests put their own in; nothing else reads the wall clock. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Milliseconds since some moment, by a clock that nobody sets; without it, `now` is one. */
  elapsed?(): number;
  /** Runs `task` after `delayMs`; the returned function takes it back. The timer never keeps a process alive. */
  schedule(delayMs: number, task: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  schedule(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** A moment by both clocks of a {@link Clock}. */
export interface Moment {
  readonly now: number;
  readonly elapsed: number;
}

export function momentOf(clock: Clock): Moment {
  return { now: clock.now(), elapsed: elapsed(clock) };
}

/**
 * How long ago a moment may have been at most, in ms. NOTE: a wall clock is set back now and then, and a clock that
 * nobody sets stands still while a computer sleeps; so it is what the one says that ran further.
 */
export function longestSince(clock: Clock, { now, elapsed: then }: Moment): number {
  return Math.max(clock.now() - now, elapsed(clock) - then);
}

/** How far a clock has run: for measuring spans, which must not change when somebody sets the time. */
export function elapsed(clock: Clock): number {
  return clock.elapsed?.() ?? clock.now();
}
