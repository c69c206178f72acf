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

/** How far a clock has run: for measuring spans, which must not change when somebody sets the time. */
export function elapsed(clock: Clock): number {
  return clock.elapsed?.() ?? clock.now();
}
