/** What is to be done later, in words that every process of the application understands. */
export interface Job {
  readonly kind: 'refresh' | 'invalidate';
  /** The label of the computed value. */
  readonly label: string;
  /** The arguments of the call, as text. */
  readonly args: string;
  /** Of a refresh: when the value was made that is to be replaced; one that was made later is left alone. */
  readonly madeAt?: number;
}

/** A job, and how it is done right here. */
export interface Work {
  readonly label: string;
  readonly kind: Job['kind'];
  /** Of works with the same text one is enough, as long as it has not begun; undefined: each of them counts. */
  readonly sameAs: string | undefined;
  run(): Promise<unknown>;
  /** The same for another process; undefined where it cannot be told there, such as the request that a page answers. */
  job(): Job | undefined;
}

/**
 * Does things later and elsewhere: at least once, so what is done must do no harm when it is done twice.
 *
 * `add` resolves when the queue has taken over; a work that is to be done at once, in this process, is done by then.
 */
export interface JobQueue {
  /** Whether other processes may do it: then a refresh behind a reader is handed over too. */
  readonly isShared: boolean;
  add(work: Work, delayMs?: number): Promise<void>;
  /**
   * Takes no more. What is under way is waited for; of what waits in this process invalidations are done now, which is
   * never wrong, and refreshes are forgotten, which costs the next reader a computation.
   */
  close(): Promise<void>;
}

/** How often a job is tried, and how long until the second time; the time doubles with each. */
export const attempts = { most: 3, firstDelayMs: 1_000 } as const;
