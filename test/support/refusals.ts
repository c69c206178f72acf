import {
  ForeignKeyViolationError,
  RecordNotFoundError,
  StaleRecordError,
  TransactionConflictError,
  UniqueViolationError,
} from '../../src/index.js';

/** Thrown by tests so that a transaction is rolled back. */
export class RolledBack extends Error {}

const refusals = [
  ...[UniqueViolationError, ForeignKeyViolationError, TransactionConflictError],
  ...[RecordNotFoundError, StaleRecordError, RolledBack],
];

/** Whether an error says that a random write was not made, for a reason that the rows or other writers gave. */
export function isRefusal(error: unknown): boolean {
  return refusals.some((refusal) => error instanceof refusal);
}
