import {
  ConnectionError,
  DatabaseError,
  ForeignKeyViolationError,
  MoneyclipError,
  NotNullViolationError,
  TransactionConflictError,
  UniqueViolationError,
  type ConstraintDetails,
} from '../../errors.js';
import type { ErrorContext } from '../dialect.js';
import { poolError } from '../pool-error.js';
import { describeStatement } from '../statement.js';

/** The code of an error of better-sqlite3, such as `SQLITE_BUSY`; undefined for other errors. */
function sqliteCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return error.code.startsWith('SQLITE_') ? error.code : undefined;
}

/** True where nothing happened because another connection holds a lock: the same statement may work a moment later. */
export function isBusy(error: unknown): boolean {
  const code = sqliteCode(error);
  return code === 'SQLITE_BUSY' || code === 'SQLITE_BUSY_RECOVERY' || code === 'SQLITE_BUSY_TIMEOUT';
}

/** The typed error for what better-sqlite3 or the pool threw. */
export function convertSqliteError(error: unknown, context: ErrorContext): MoneyclipError {
  if (error instanceof MoneyclipError) return error;
  const code = sqliteCode(error);
  const what = describeStatement(context.statement);
  const text = error instanceof Error ? error.message : String(error);
  if (code === undefined) return poolError(error) ?? driverError(error, `${what} failed: ${text}.`, context);
  return constraintError(code, what, text, error) ?? otherError(code, what, text, { error, context });
}

/** better-sqlite3 throws plain errors for what it sees before SQLite does: a directory that is missing, a closed connection. */
function driverError(cause: unknown, message: string, context: ErrorContext): DatabaseError {
  const unreachable = context.statement === undefined || message.includes('connection is not open');
  return unreachable ? new ConnectionError(message, { cause }) : new DatabaseError(message, { cause });
}

function constraintError(code: string, what: string, text: string, cause: unknown): MoneyclipError | undefined {
  const details = { ...constraintOf(text), cause };
  // NOTE: ON DELETE RESTRICT is a trigger of SQLite's own; the text tells it from a RAISE in a trigger of the user's
  const restricted = code === 'SQLITE_CONSTRAINT_TRIGGER' && text === 'FOREIGN KEY constraint failed';
  switch (restricted ? 'SQLITE_CONSTRAINT_FOREIGNKEY' : code) {
    case 'SQLITE_CONSTRAINT_UNIQUE':
    case 'SQLITE_CONSTRAINT_PRIMARYKEY':
    case 'SQLITE_CONSTRAINT_ROWID':
      return new UniqueViolationError(`${what} failed: another row has this value in ${named(details)}.`, details);
    case 'SQLITE_CONSTRAINT_FOREIGNKEY':
      return new ForeignKeyViolationError(
        `${what} failed: a foreign key would point at no row, or a row is still pointed at.`,
        { cause },
      );
    case 'SQLITE_CONSTRAINT_NOTNULL':
      return new NotNullViolationError(`${what} failed: ${named(details)} takes no null.`, details);
    default:
      return undefined;
  }
}

function otherError(
  code: string,
  what: string,
  text: string,
  { error: cause, context }: { error: unknown; context: ErrorContext },
): MoneyclipError {
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) {
    return new TransactionConflictError(
      `${what} failed: another connection holds a lock on the database; run the whole transaction again.`,
      { cause },
    );
  }
  if (/^SQLITE_(CANTOPEN|IOERR)/.test(code)) {
    return new ConnectionError(`${what} failed: the database file cannot be read or written (${code}).`, {
      cause,
      outcomeUnknown: context.mayHaveCommitted,
    });
  }
  const known = codeOf(text);
  return new DatabaseError(`${what} failed: ${withoutValues(code, text)} (${code}).`, {
    cause,
    ...(known && { code: known }),
  });
}

function codeOf(text: string): string | undefined {
  if (text === 'integer overflow') return 'OUT_OF_RANGE';
  if (text.startsWith('no such table')) return 'NO_SUCH_TABLE';
  return text.startsWith('ON CONFLICT clause does not match') ? 'NO_UNIQUE_CONSTRAINT' : undefined;
}

/** What a user's own trigger says may quote values of rows; SQLite itself never does. */
function withoutValues(code: string, text: string): string {
  return code === 'SQLITE_CONSTRAINT_TRIGGER' ? 'a trigger refused it' : text;
}

/** SQLite names the columns in its message: `UNIQUE constraint failed: users.email, users.tenant`, or an index. */
function constraintOf(text: string): ConstraintDetails {
  const list = /constraint failed: (.+)$/.exec(text)?.[1] ?? '';
  const index = /^index '(.+)'$/.exec(list)?.[1];
  if (index !== undefined) return { constraint: index };
  const names = list.split(', ').map((name) => name.split('.'));
  return {
    table: names[0]?.[0],
    columns: names.map((parts) => parts.slice(1).join('.')).filter((column) => column !== ''),
  };
}

function named({ constraint, table, columns }: ConstraintDetails): string {
  if (columns?.length) return `${table ?? ''}.${columns.join(', ')}`;
  return constraint ?? 'a column';
}
