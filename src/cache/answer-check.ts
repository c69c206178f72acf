import type { Answer } from './answers.js';
import type { Call, Codec } from './call.js';
import type { DriftCheck, Reread } from './drift-check.js';
import type { Plan } from './plans.js';
import type { Runner } from './run.js';

export interface AnswerCheckOptions<T> {
  readonly label: string;
  readonly codec: Codec<T>;
  /** Whether a value may be made at any time to compare a cached one with. */
  readonly driftCheck?: boolean | undefined;
}

/** Compares hits of one computation with what the database gives. */
export class AnswerCheck<T> {
  readonly #drift: DriftCheck;
  readonly #options: AnswerCheckOptions<T>;
  readonly #runner: Runner<T>;

  constructor(drift: DriftCheck, options: AnswerCheckOptions<T>, runner: Runner<T>) {
    this.#drift = drift;
    this.#options = options;
    this.#runner = runner;
  }

  /** A promise where the caller must wait for it. */
  check(call: Call<T>, plan: Plan, { entry }: Answer<T>): Promise<void> | undefined {
    const { label, driftCheck } = this.#options;
    const reread = call.reread?.() ?? (driftCheck ? this.#rereadBy(call) : undefined);
    if (!reread || !this.#drift.isDue()) return undefined;
    const stampKeys = [...plan.base, ...(entry.dependencies ?? []).map((name) => plan.keyspace.stamp(name))];
    const { entryKey: key } = plan;
    const { payload: stored, createdAt, stamps } = entry;
    return this.#drift.check({ ...reread, label, key, stampKeys, stamps, stored, createdAt });
  }

  #rereadBy(call: Call<T>): Reread {
    const { codec } = this.#options;
    const payload = async (): Promise<unknown> =>
      codec.encode(await this.#runner.runUnstored(call, 'compared with the database'));
    return { isOne: false, payload };
  }
}
