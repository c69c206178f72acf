/** SQL text with its parameters, ready for the driver (`?` on SQLite, `$1` on PostgreSQL). */
export interface Statement {
  readonly text: string;
  /** Driver values, already converted by the column types. */
  readonly parameters: readonly unknown[];
  /** True where the same text comes again and again: it is prepared once per connection. */
  readonly prepare?: boolean | undefined;
  /** True where the statement writes: it may need a connection that can, and is accounted as this library's own write. */
  readonly writes?: boolean | undefined;
  /** The tables of which the caller accounts for what foreign keys delete or change along with it, its own among them. */
  readonly cascades?: readonly string[] | undefined;
  /** True where the answer is to name its columns; such a statement is not prepared. */
  readonly named?: boolean | undefined;
  /** The label of the model it is about, for telemetry. */
  readonly model?: string | undefined;
}

/** What came back. */
export interface StatementResult {
  /** Rows as arrays, in the order of the select list or of RETURNING. */
  readonly rows: unknown[][];
  /** How many rows were inserted, updated or deleted. */
  readonly changes: number;
  /** The names of the columns, where the statement asks for them. */
  readonly columns?: readonly string[];
}

/** A statement in an error message: its model and its verb, never its parameters. */
export function describeStatement(statement: Statement | undefined): string {
  if (!statement) return 'Connecting to the database';
  const [, first, inner] = /^\s*(\w+)(?:.*\((INSERT|UPDATE|DELETE) )?/s.exec(statement.text) ?? [];
  const verb = (first === 'WITH' ? (inner ?? first) : first)?.toUpperCase() ?? 'A statement';
  return statement.model === undefined ? verb : `${statement.model}: ${verb}`;
}
