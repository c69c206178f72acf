import type { ModelCache } from '../model-cache/model-cache.js';
import { renewLater, type JobTarget } from './later.js';
import { heldEntries } from './list-entries.js';
import { targetsOf } from './perform-job.js';

/** A value that is past its soft life waits so long, at the most, until it is noticed without a reader. */
const everyMs = 10_000;
const perPage = 100;

/** Looks now and then for values past their soft life, and has them computed again although nobody reads them. */
export class Sweeper {
  readonly #cache: ModelCache;
  #cancel: () => void = () => undefined;
  #sweeping: Promise<void> | undefined;
  #isClosed = false;

  constructor(cache: ModelCache) {
    this.#cache = cache;
  }

  start(): void {
    if (this.#isClosed) return;
    this.#cancel = this.#cache.engine.clock.schedule(everyMs, () => {
      // NOTE: a sweep that fails is made up for by the next, and readers refresh what they find
      this.#sweeping = this.#sweep()
        .catch(() => undefined)
        .finally(() => this.start());
    });
  }

  /** Waits for a sweep that is under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel();
    await this.#sweeping;
  }

  async #sweep(): Promise<void> {
    const { connection, engine } = this.#cache;
    if (!engine.port.store.list) return;
    for (const target of targetsOf(connection.name)) if (target.isSwept) await this.#sweepTarget(target);
  }

  async #sweepTarget(target: JobTarget): Promise<void> {
    let after: string | undefined;
    do {
      const page = await heldEntries(this.#cache, target, { after, limit: perPage });
      for (const { args, held } of page.entries) {
        if (held.stale) await renewLater(target, args, { madeAt: held.entry.createdAt }).catch(() => undefined);
      }
      after = page.next;
    } while (after !== undefined && !this.#isClosed);
  }
}
