import { executeMessage } from './execute-message.js';
import type { PostgresClient, PostgresPort, PostgresResult } from './postgres-driver.js';
import type { WireValue } from './wire-value.js';

type Callback = (error: Error | null | undefined, result: PostgresResult) => void;

/** The types of a statement's columns. */
type Shape = readonly number[];

/** The shapes that a connection has told, by the name of the statement. */
const shapesOf = new WeakMap<PostgresPort, Map<string, Shape>>();

/**
 * One run of a named statement, in the form in which pg takes queries that are not its own. The server tells what the
 * columns are the first time that a connection runs a statement; pg's own query asks for it each time, which costs
 * as much as the rest of a small query.
 *
 * NOTE: the columns of a prepared statement cannot change: where a table was altered the server refuses to run it.
 * What pg would tell of COPY, of portals in parts and of empty texts cannot come.
 */
export class PreparedQuery {
  readonly name: string;
  readonly text: string;
  readonly callback: Callback;
  readonly #client: PostgresClient;
  readonly #values: readonly WireValue[];
  readonly #rows: unknown[][] = [];
  #shape: Shape | undefined;
  /** What reads each column's text. */
  #parsers: readonly ((text: string) => unknown)[] | undefined;
  /** Whether the server is asked for the shape. */
  #isNew = false;
  #completed = '';
  #failure: Error | undefined;

  constructor(
    { name, text }: { readonly name: string; readonly text: string },
    values: readonly WireValue[],
    { client, callback }: { readonly client: PostgresClient; readonly callback: Callback },
  ) {
    this.name = name;
    this.text = text;
    this.callback = callback;
    this.#client = client;
    this.#values = values;
  }

  /** Sends everything in one go. */
  submit(port: PostgresPort): Error | null {
    const { name } = this;
    const known = port.parsedStatements[name];
    if (known !== undefined && known !== this.text) return new Error(`another statement was prepared as '${name}'`);
    this.#shape = known === undefined ? undefined : shapesOf.get(port)?.get(name);
    if (this.#shape) this.#execute(port);
    else this.#askForShape(port, known === undefined);
    return null;
  }

  /** NOTE: a socket that is ended is not written to, as by pg itself: the query fails when pg hears of the end. */
  #execute({ stream }: PostgresPort): void {
    if (stream.writable) stream.write(executeMessage(this.name, this.#values));
  }

  #askForShape(port: PostgresPort, isUnknown: boolean): void {
    const { name } = this;
    this.#isNew = true;
    port.stream.cork();
    try {
      if (isUnknown) port.parse({ name, text: this.text });
      port.bind({ statement: name, values: this.#values });
      port.describe({ type: 'P', name: '' });
      port.execute({ portal: '' });
      port.sync();
    } finally {
      port.stream.uncork();
    }
  }

  handleRowDescription({ fields }: { readonly fields: readonly { readonly dataTypeID: number }[] }): void {
    this.#shape = fields.map(({ dataTypeID }) => dataTypeID);
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    try {
      // NOTE: looked for once in each run, as pg does, and not once for all: an application may set others at any time
      this.#parsers ??= (this.#shape ?? []).map((type) => this.#client.getTypeParser(type, 'text'));
      const parsers = this.#parsers;
      this.#rows.push(fields.map((text, index) => (text === null ? null : parsers[index]?.(text))));
    } catch (error) {
      this.#failure ??= error as Error; // of a parser that the application gave to pg
    }
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#completed = text;
  }

  handleError(error: Error): void {
    this.callback(error, { command: '', rowCount: null, rows: [] });
  }

  handleReadyForQuery(port: PostgresPort): void {
    if (this.#isNew) this.#remember(port, this.#shape ?? []);
    // such as `UPDATE 1` or `INSERT 0 1`
    const text = this.#completed;
    const last = text.lastIndexOf(' ');
    const command = last < 0 ? text : text.slice(0, text.indexOf(' '));
    this.callback(this.#failure, {
      command,
      rowCount: last < 0 ? null : Number(text.slice(last + 1)),
      rows: this.#rows,
    });
  }

  #remember(port: PostgresPort, shape: Shape): void {
    const shapes = shapesOf.get(port) ?? new Map<string, Shape>();
    shapesOf.set(port, shapes);
    shapes.set(this.name, shape);
  }
}
