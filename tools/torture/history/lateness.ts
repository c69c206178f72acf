import type { HistoryRecord, Time } from './records.js';

/** From when a process gave an invalidation up for the time being until Redis had it. */
export interface LateSpan {
  readonly from: Time;
  readonly to: Time;
}

/**
 * When one process had invalidations left to deliver. It reads nothing from Redis until they are delivered, so its first
 * hit of a read that began later shows that they were. If it ended before, it had them left until its end.
 */
export class Lateness {
  readonly #over: LateSpan[] = [];
  #since: Time | undefined;
  #last: Time = -Infinity;

  /** In the order in which the process wrote them down. */
  add(record: HistoryRecord): void {
    this.#last = Math.max(this.#last, record.k === 'read' ? record.to : record.t);
    if (record.k === 'late') this.#since ??= record.t;
    if (this.#since === undefined || record.k !== 'read' || !record.hit || record.from <= this.#since) return;
    this.#over.push({ from: this.#since, to: record.to });
    this.#since = undefined;
  }

  get spans(): readonly LateSpan[] {
    return this.#since === undefined ? this.#over : [...this.#over, { from: this.#since, to: this.#last }];
  }
}
