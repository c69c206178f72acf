import {
  ConnectionError,
  DatabaseError,
  ForeignKeyViolationError,
  MoneyclipError,
  NotNullViolationError,
  TransactionConflictError,
  UniqueViolationError,
} from '../../errors.js';
import { DeadlineError } from '../../support/deadline.js';
import type { ErrorContext } from '../dialect.js';
import { poolError } from '../pool-error.js';
import { describeStatement } from '../statement.js';

/** What PostgreSQL tells about an error. `detail` holds values of rows and never leaves the cause. */
interface ServerError extends Error {
  readonly code: string;
  readonly detail?: string;
  readonly table?: string;
  readonly column?: string;
  readonly constraint?: string;
  /** The function of the server that found the error; unlike the message it is never translated. */
  readonly routine?: string;
}

/** The typed error for what pg or the pool threw. */
export function convertPostgresError(error: unknown, context: ErrorContext): MoneyclipError {
  if (error instanceof MoneyclipError) return error;
  const what = describeStatement(context.statement);
  if (error instanceof TypeError) return new DatabaseError(`${what} failed: ${error.message}.`, { cause: error });
  if (!isServerError(error)) return poolError(error) ?? lostConnection(error, what, context);
  return constraintError(error, what) ?? otherError(error, what, context);
}

/** True where the connection cannot be used again. A TypeError is a parameter that pg cannot write; nothing was sent. */
export function losesConnection(error: unknown): boolean {
  return isServerError(error) ? /^(08|57P0[123])/.test(error.code) : !(error instanceof TypeError);
}

/** True where nobody waits for the answer any more: the server may still be at it. */
export function isOverdue(error: Error): boolean {
  return error instanceof DeadlineError || (!isServerError(error) && error.message === 'Query read timeout'); // of pg
}

/** True where a prepared statement no longer fits its table, which was altered since. Nothing was done. */
export function planIsOutdated(error: unknown): boolean {
  return isServerError(error) && error.code === '0A000' && error.routine === 'RevalidateCachedQuery';
}

function constraintError(error: ServerError, what: string): MoneyclipError | undefined {
  const { constraint, table } = error;
  const columns = columnsOf(error);
  const details = { constraint, table, columns, cause: error };
  const place = `${columns.join(', ') || 'a column'} of table ${table ?? '?'}`;
  switch (error.code) {
    case '23505':
      return new UniqueViolationError(
        `${what} failed: another row has this value in ${place} (constraint ${constraint ?? '?'}).`,
        details,
      );
    case '23503':
      return new ForeignKeyViolationError(
        `${what} failed: a foreign key would point at no row, or a row is still pointed at (constraint ${constraint ?? '?'} of table ${table ?? '?'}).`,
        details,
      );
    case '23502':
      return new NotNullViolationError(`${what} failed: ${place} takes no null.`, details);
    default:
      return undefined;
  }
}

/** What the library itself tells apart: a number or text that a column is too small for, and ON CONFLICT without its constraint. */
const stableCodes: Readonly<Partial<Record<string, string>>> = {
  '22001': 'OUT_OF_RANGE',
  '22003': 'OUT_OF_RANGE',
  '42P10': 'NO_UNIQUE_CONSTRAINT',
};

function otherError(error: ServerError, what: string, context: ErrorContext): MoneyclipError {
  const options = { cause: error };
  if (/^(40001|40P01|55P03)$/.test(error.code) || planIsOutdated(error)) {
    return new TransactionConflictError(
      `${what} failed: it conflicts with another transaction; run the whole transaction again.`,
      options,
    );
  }
  if (error.code === '57014') {
    return new ConnectionError(
      `${what} failed: the server cancelled it, most often because of its statement_timeout.`,
      options,
    );
  }
  if (/^(08|57P0|53300)/.test(error.code)) {
    return new ConnectionError(`${what} failed: ${error.message}.`, {
      ...options,
      outcomeUnknown: context.mayHaveCommitted,
    });
  }
  const code = stableCodes[error.code];
  return new DatabaseError(`${what} failed: ${withoutValues(error)} (SQLSTATE ${error.code}).`, {
    ...options,
    ...(code && { code }),
  });
}

function lostConnection(error: unknown, what: string, context: ErrorContext): ConnectionError {
  const reason = error instanceof Error ? error.message || codeOf(error) : String(error);
  return new ConnectionError(
    `${what} failed: the connection to the database was lost, or the answer is overdue (${reason}).`,
    {
      cause: error,
      outcomeUnknown: context.mayHaveCommitted,
    },
  );
}

/** Messages of classes 22 and 23 and those of users' own triggers may quote values of rows. */
function withoutValues({ code, message, constraint }: ServerError): string {
  if (!/^(22|23|P0)/.test(code)) return message;
  if (code.startsWith('P0')) return 'a trigger or function refused it';
  return constraint === undefined ? 'the database refused a value' : `a value violates the constraint ${constraint}`;
}

/** NOT NULL errors name the column; the others say `Key (a, b)=(…)` in the server's language. */
function columnsOf(error: ServerError): string[] {
  if (error.column !== undefined) return [error.column];
  const list = /\((.+?)\)=\(/.exec(error.detail ?? '')?.[1];
  return list === undefined ? [] : list.split(', ').map((name) => name.replace(/^"(.*)"$/, '$1'));
}

function isServerError(error: unknown): error is ServerError {
  return error instanceof Error && 'severity' in error && 'code' in error && typeof error.code === 'string';
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.name;
}
