/** What every error of this library carries: a stable `code` to branch on, a message for people, and the `cause`. */
export class MoneyclipError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.name = new.target.name;
  }
}

/** The program is wrong: a declaration, a call or a setting. Thrown early, before anything is read or written. */
export class UsageError extends MoneyclipError {
  constructor(message: string, options?: ErrorOptions) {
    super('USAGE', message, options);
  }
}

/** `get` found no row. */
export class RecordNotFoundError extends MoneyclipError {
  /** The label of the model that was asked. */
  readonly model: string;

  constructor(model: string, message: string) {
    super('RECORD_NOT_FOUND', message);
    this.model = model;
  }
}

/** `get` found more than one row. */
export class MultipleRecordsError extends MoneyclipError {
  /** The label of the model that was asked. */
  readonly model: string;

  constructor(model: string, message: string) {
    super('MULTIPLE_RECORDS', message);
    this.model = model;
  }
}

/** One rule that a value broke. */
export interface ValidationIssue {
  /** The property of the model. */
  readonly property: string;
  /** What was expected and what came, without the value itself. */
  readonly message: string;
}

/** Values that a column does not take. Nothing was written. */
export class ValidationError extends MoneyclipError {
  /** The label of the model. */
  readonly model: string;
  /** Every broken rule, in the order of the columns. */
  readonly issues: readonly ValidationIssue[];

  constructor(model: string, issues: readonly ValidationIssue[], options?: ErrorOptions) {
    super('VALIDATION', `${model}: ${issues.map((issue) => `${issue.property} ${issue.message}`).join('; ')}`, options);
    this.model = model;
    this.issues = issues;
  }
}

/** Optimistic locking: the row was changed or deleted by somebody else since it was read. Nothing was written. */
export class StaleRecordError extends MoneyclipError {
  /** The label of the model. */
  readonly model: string;

  constructor(model: string, message: string) {
    super('STALE_RECORD', message);
    this.model = model;
  }
}

/** The database refused or failed. The driver's error is the `cause`. */
export class DatabaseError extends MoneyclipError {
  constructor(message: string, options?: ErrorOptions & { code?: string }) {
    super(options?.code ?? 'DATABASE', message, options);
  }
}

/** A constraint of the database was violated. */
export interface ConstraintDetails {
  /** The constraint's name, where the database tells it. */
  readonly constraint?: string | undefined;
  /** The table, where the database tells it. */
  readonly table?: string | undefined;
  /** The columns, where the database tells them. */
  readonly columns?: readonly string[] | undefined;
}

abstract class ConstraintError extends DatabaseError {
  readonly constraint: string | undefined;
  readonly table: string | undefined;
  readonly columns: readonly string[];

  constructor(code: string, message: string, details: ConstraintDetails & ErrorOptions) {
    super(message, { code, cause: details.cause });
    this.constraint = details.constraint;
    this.table = details.table;
    this.columns = details.columns ?? [];
  }
}

/** Another row has this value in a unique column. */
export class UniqueViolationError extends ConstraintError {
  constructor(message: string, details: ConstraintDetails & ErrorOptions = {}) {
    super('UNIQUE_VIOLATION', message, details);
  }
}

/** A foreign key points at no row, or a row is still pointed at. */
export class ForeignKeyViolationError extends ConstraintError {
  constructor(message: string, details: ConstraintDetails & ErrorOptions = {}) {
    super('FOREIGN_KEY_VIOLATION', message, details);
  }
}

/** A column that takes no null got one. */
export class NotNullViolationError extends ConstraintError {
  constructor(message: string, details: ConstraintDetails & ErrorOptions = {}) {
    super('NOT_NULL_VIOLATION', message, details);
  }
}

/** A serialization failure, a deadlock or a lock that was not granted in time: run the whole transaction again. */
export class TransactionConflictError extends DatabaseError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, { ...options, code: 'TRANSACTION_CONFLICT' });
  }
}

/** The database cannot be reached, a connection was lost, none was free in time, or a statement ran out of time. */
export class ConnectionError extends DatabaseError {
  /** True where a COMMIT or a write was sent and its outcome is not known. */
  readonly outcomeUnknown: boolean;

  constructor(message: string, options?: ErrorOptions & { outcomeUnknown?: boolean }) {
    super(message, { ...options, code: 'CONNECTION' });
    this.outcomeUnknown = options?.outcomeUnknown ?? false;
  }
}

/** The cache failed. Only seen with `onCacheFailure: 'throw'`, or from a call that is about the cache itself. */
export class CacheError extends MoneyclipError {
  constructor(message: string, options?: ErrorOptions & { code?: string }) {
    super(options?.code ?? 'CACHE', message, options);
  }
}

/** The cache's store is down, too slow, full, or refuses writes. */
export class StoreUnavailableError extends CacheError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, { ...options, code: 'STORE_UNAVAILABLE' });
  }
}

/** A write is committed, but it is not certain that no cache serves what was there before. Only with `onCacheFailure: 'throw'`. */
export class UnconfirmedInvalidationError extends CacheError {
  /** After so long at most no cache does any more; Infinity where that is not known. */
  readonly withinMs: number;

  constructor(message: string, { withinMs, cause }: ErrorOptions & { readonly withinMs: number }) {
    super(message, { cause, code: 'INVALIDATION_UNCONFIRMED' });
    this.withinMs = withinMs;
  }
}

/**
 * At the level `strict`: a write was rolled back, since it could not be made sure that no reader sees the old value after
 * the new one. Nothing was written; run the whole transaction again, once the cache's gate is open.
 */
export class WriteRefusedError extends CacheError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, { ...options, code: 'WRITE_REFUSED' });
  }
}

/** Bytes under a key of ours that we did not write. A read treats them as a miss; this is reported, not thrown. */
export class CorruptEntryError extends CacheError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, { ...options, code: 'CORRUPT_ENTRY' });
  }
}

/** With `driftCheck: { onMismatch: 'throw' }`: a cached value differs from the database although nothing invalidated it. */
export class CacheDriftError extends CacheError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, { ...options, code: 'CACHE_DRIFT' });
  }
}

/** A computed value took longer than its `computeTimeout`. */
export class ComputeTimeoutError extends CacheError {
  constructor(message: string, options?: ErrorOptions) {
    super(message, { ...options, code: 'COMPUTE_TIMEOUT' });
  }
}
