import { closeSync, openSync, writeSync } from 'node:fs';
import { monotonicMs, type HistoryRecord, type ReadRecord, type WriteRecord } from '../history/records.js';

const flushMs = 100;

/** Appends to the history of one process. What is known of writes is in the file before the write goes on. */
export class Recorder {
  readonly #file: number;
  readonly #timer: NodeJS.Timeout;
  #lines = '';

  constructor(path: string) {
    this.#file = openSync(path, 'a');
    this.#timer = setInterval(() => this.#flush(), flushMs).unref();
  }

  read(record: Omit<ReadRecord, 'k'>): void {
    this.#add({ k: 'read', ...record });
  }

  // NOTE: at once: a process that is killed must not take with it that it had sent something
  write(k: WriteRecord['k'], op: string, w: number): void {
    this.#add({ k, w, op, t: monotonicMs() });
    this.#flush();
  }

  /** NOTE: at once, as before. */
  late(): void {
    this.#add({ k: 'late', t: monotonicMs() });
    this.#flush();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#flush();
    closeSync(this.#file);
  }

  #add(record: HistoryRecord): void {
    this.#lines += `${JSON.stringify(record)}\n`;
  }

  #flush(): void {
    if (this.#lines === '') return;
    const lines = this.#lines;
    this.#lines = '';
    writeSync(this.#file, lines);
  }
}
