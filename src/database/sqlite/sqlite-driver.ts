/** What is used of a prepared statement of better-sqlite3. */
export interface SqliteStatement {
  /** True where it returns rows. */
  readonly reader: boolean;
  raw(toggle: boolean): this;
  columns(): readonly { readonly name: string }[];
  pluck(toggle: boolean): this;
  all(parameters: readonly unknown[]): unknown[];
  get(): unknown;
  run(parameters: readonly unknown[]): { readonly changes: number };
}

/** What is used of a connection of better-sqlite3. */
export interface SqliteDatabase {
  readonly open: boolean;
  readonly inTransaction: boolean;
  readonly readonly: boolean;
  prepare(text: string): SqliteStatement;
  exec(text: string): void;
  pragma(text: string, options?: { readonly simple?: boolean }): unknown;
  function(name: string, options: SqliteFunctionOptions, implementation: (...values: never[]) => unknown): void;
  aggregate(name: string, options: SqliteAggregateOptions): void;
  close(): void;
}

/** The same arguments always give the same. */
export interface SqliteFunctionOptions {
  readonly deterministic: boolean;
}

/** A function of many rows: `step` makes the next state of one row's value, `result` the answer. */
export interface SqliteAggregateOptions extends SqliteFunctionOptions {
  readonly start: () => unknown;
  readonly step: (state: never, value: never) => unknown;
  readonly result: (state: never) => unknown;
}

/** What the package better-sqlite3 exports. */
export type SqliteDriver = new (
  file: string,
  options: { readonly readonly: boolean; readonly nativeBinding: string | undefined },
) => SqliteDatabase;
