const settled = Promise.resolve();

/**
 * Runs `task` once everything that is ready to run now has run: after the promise callbacks that are queued or follow
 * from them. Requests made by many callers in one tick so end up in one batch, however many awaits lie between.
 * The idea is DataLoader's.
 */
export function afterThisTick(task: () => void): void {
  void settled.then(() => process.nextTick(task));
}

/** Collects what is asked for in one tick and hands it over as one list. */
export class TickBatch<T> {
  readonly #flush: (items: T[]) => void;
  readonly #flushNow = (): void => {
    const items = this.#items ?? [];
    this.#items = undefined;
    this.#flush(items);
  };
  readonly #flushAfterTicks = (): void => process.nextTick(this.#flushNow);
  #items: T[] | undefined;

  constructor(flush: (items: T[]) => void) {
    this.#flush = flush;
  }

  add(item: T): void {
    if (this.#items) {
      this.#items.push(item);
      return;
    }
    this.#items = [item];
    void settled.then(this.#flushAfterTicks); // as afterThisTick, with functions that are made once
  }
}
