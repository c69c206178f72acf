import { plainWriter } from '../history.js';
import type { Scheduler } from '../scheduler.js';
import type { SimulatedClock } from '../simulated-clock.js';
import { SimulatedConnection, type Route } from '../simulated-postgres.js';
import { ids, parts } from '../workload.js';

interface PlainClientParts {
  readonly route: Route;
  readonly scheduler: Scheduler;
  readonly clock: SimulatedClock;
  readonly nextValue: () => number;
  readonly isOpen: () => boolean;
  readonly pauseMs: number;
  /** Called after each write. */
  readonly written: () => void;
}

const answered = ' RETURNING "id", "part", "value"';

/** Somebody who writes past the library. */
export class PlainClient {
  readonly #parts: PlainClientParts;
  readonly #connection: SimulatedConnection;

  constructor(given: PlainClientParts) {
    this.#parts = given;
    this.#connection = new SimulatedConnection(given.route, {
      name: plainWriter,
      isDead: false,
      connections: new Set(),
    });
  }

  async run(): Promise<void> {
    const { clock, scheduler, isOpen, pauseMs, written } = this.#parts;
    while (isOpen()) {
      await new Promise<void>((resolve) => clock.schedule(scheduler.random.below(2 * pauseMs), resolve));
      await this.#write();
      written();
    }
  }

  #write(): Promise<void> {
    const { random } = this.#parts.scheduler;
    const [id, part, value] = [random.oneOf(ids), random.oneOf(parts), this.#parts.nextValue()];
    switch (random.below(5)) {
      case 0:
        return this.#run(`DELETE FROM "cells" WHERE "id" = $1${answered}`, [id]);
      case 1:
        return this.#run(`INSERT INTO "cells" ("id", "part", "value") VALUES ($1, $2, $3)${answered}`, [
          id,
          part,
          value,
        ]);
      default:
        return this.#run(`UPDATE "cells" SET "part" = $1, "value" = $2 WHERE "id" = $3${answered}`, [part, value, id]);
    }
  }

  /** NOTE: whatever comes of it, somebody else may see it. */
  #run(text: string, values: readonly unknown[]): Promise<void> {
    return new Promise((resolve) => {
      this.#connection.query({ text, values, name: undefined, rowMode: 'array' }, () => resolve());
    });
  }
}
