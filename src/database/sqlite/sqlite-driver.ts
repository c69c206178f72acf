/** What is used of a prepared statement of better-sqlite3. */
export interface SqliteStatement {
  /** True where it returns rows. */
  readonly reader: boolean;
  raw(toggle: boolean): this;
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
  close(): void;
}

/** What the package better-sqlite3 exports. */
export type SqliteDriver = new (
  file: string,
  options: { readonly readonly: boolean; readonly nativeBinding: string | undefined },
) => SqliteDatabase;
