import { UsageError } from '../errors.js';
import { DependencyFrame, runInFrame } from '../cache/dependency-frame.js';
import { TickBatch } from '../support/tick-batch.js';

interface Waiting<Args, T> {
  readonly args: Args;
  readonly frame: DependencyFrame;
  resolve(value: T): void;
  reject(error: unknown): void;
}

/**
 * Loads the values of many calls at once: all those that are asked for in one tick. What is read for them counts for
 * each of them, since it cannot be told apart.
 */
export class LoadBatch<Args, T> {
  readonly #owner: object;
  readonly #where: string;
  readonly #loadMany: (calls: readonly Args[]) => Promise<readonly T[]>;
  readonly #waiting = new TickBatch<Waiting<Args, T>>((batch) => void this.#loadAll(batch));

  constructor(owner: object, where: string, loadMany: (calls: readonly Args[]) => Promise<readonly T[]>) {
    this.#owner = owner;
    this.#where = where;
    this.#loadMany = loadMany;
  }

  load(args: Args, frame: DependencyFrame): Promise<T> {
    return new Promise((resolve, reject) => this.#waiting.add({ args, frame, resolve, reject }));
  }

  async #loadAll(batch: readonly Waiting<Args, T>[]): Promise<void> {
    const [first] = batch;
    const shared = new DependencyFrame(this.#owner, { isWatching: first?.frame.isWatching ?? false });
    first?.frame.signal.addEventListener('abort', () => shared.abort(first.frame.signal.reason as Error), {
      once: true,
    });
    const loading = runInFrame(shared, () => this.#values(batch.map(({ args }) => args)));
    await Promise.allSettled(
      batch.map(async ({ frame, resolve, reject }, index) => {
        try {
          const values = await frame.awaiting(shared, loading);
          frame.absorb(shared);
          resolve(values[index] as T); // as many values as calls
        } catch (error) {
          frame.absorb(shared);
          reject(error);
        }
      }),
    );
  }

  async #values(calls: readonly Args[]): Promise<readonly T[]> {
    const values: unknown = await this.#loadMany(calls);
    if (Array.isArray(values) && values.length === calls.length) return values as T[];
    const came = Array.isArray(values) ? `${values.length} values` : typeof values;
    throw new UsageError(
      `${this.#where}: loadMany must give a list of one value for each of the ${calls.length} calls, in their order; got ${came}`,
    );
  }
}
