import type { DatabaseConnection } from '../database/database-connection.js';
import { quoteName } from '../query/sql-writer.js';
import { statusOf, statusOfFile, type CaptureStatus } from './capture-migration.js';
import { defaultSchema } from './capture-options.js';
import { Capture } from './capture.js';
import { readFacts } from './captured-tables.js';
import type { FileCapture } from './sqlite/file-capture.js';
import { readFacts as readFileFacts } from './sqlite/logged-tables.js';
import { declaredNeeds } from './table-needs.js';

/** What `db.capture.status()` answers. */
export interface ListeningStatus extends CaptureStatus {
  /** Why nothing is taken from the cache now, on SQLite why every change of others empties it; undefined where all is well. */
  readonly silence: string | undefined;
  /** How many statements' changes some process has not heard of yet; undefined where there is no outbox, and on SQLite. */
  readonly waiting: number | undefined;
  /** How long the oldest of them waits. */
  readonly oldestMs: number | undefined;
}

/** How a connection hears of what others change; `db.capture`. */
export class DatabaseCapture {
  readonly #connection: DatabaseConnection;
  readonly #capture: Capture | FileCapture | undefined;

  constructor(connection: DatabaseConnection, capture: Capture | FileCapture | undefined) {
    this.#connection = connection;
    this.#capture = capture;
  }

  /** Looks now which tables are captured, and what waits. */
  async status(): Promise<ListeningStatus> {
    const { name } = this.#connection.facts;
    const schema = this.#capture?.schema ?? defaultSchema;
    const needs = declaredNeeds(this.#connection.name, name);
    const ask = (text: string): Promise<unknown> => this.#ask(text);
    if (name === 'sqlite') {
      const file = statusOfFile(needs, await readFileFacts(ask, schema, needs), schema);
      return { ...file, silence: this.#silence, waiting: undefined, oldestMs: undefined };
    }
    const facts = await readFacts(
      ask,
      schema,
      needs.map(({ table }) => table),
    );
    const waiting = facts.installed && facts.usable ? await this.#waiting(schema) : undefined;
    return {
      ...statusOf(needs, facts, {
        schema,
        wantsGate: this.#capture instanceof Capture && this.#capture.gate !== undefined,
      }),
      silence: this.#silence,
      waiting: waiting?.[0],
      oldestMs: waiting?.[1],
    };
  }

  get #silence(): string | undefined {
    return this.#capture ? this.#capture.silence : 'this connection was opened without capture: true';
  }

  async #waiting(schema: string): Promise<[number, number]> {
    const answer = await this.#ask(
      `SELECT json_build_array(count(*), coalesce(extract(epoch FROM clock_timestamp() - min(written_at)) * 1000, 0))::text
       FROM ${quoteName(schema)}.outbox`,
    );
    return JSON.parse(String(answer)) as [number, number]; // made by the statement
  }

  async #ask(text: string): Promise<unknown> {
    const { rows } = await this.#connection.run({ text, parameters: [] });
    return rows[0]?.[0];
  }
}
