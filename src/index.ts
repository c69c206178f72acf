import 'reflect-metadata';

export { connect, type ConnectOptions } from './connection/connect.js';
export { Database, type DatabaseStats } from './connection/database.js';
export {
  changed,
  invalidate,
  invalidateAll,
  invalidateModel,
  postponeInvalidation,
  transaction,
  withoutInvalidation,
} from './connection/globals.js';

export { runWorker, type BackgroundWorker, type WorkerOptions } from './connection/run-worker.js';

export { Model, type ModelClass, type Values } from './model/model.js';
export { RelatedSet, type LinkValues } from './model/related-set.js';
export { Manager, type RawOptions, type UpsertOptions } from './model/manager.js';
export { QuerySet } from './query/query-set.js';
export type { RawBinding } from './query/raw/raw-sql.js';
export type { CacheOptions } from './query/cache-options.js';
export { F, type Expression } from './query/expression.js';
export type { Conditions, Filter, OrderBy, Related } from './query/filter-types.js';
export { Q, type Combined } from './query/conditions/q.js';
export { avg, count, max, min, sum, type Aggregate } from './query/aggregates.js';
export type { ColumnValues } from './query/column-values.js';
export type { GroupedQuery } from './query/grouped-query.js';
export type { KeyedPage, KeyedPageOptions, NumberedPage, NumberedPageOptions } from './query/reads/read-page.js';
export type { GroupOptions } from './query/reads/read-aggregates.js';
export type { LockOptions } from './query/row-lock.js';
export { Table, type TableOptions } from './model/decorators/table.js';
export { Column, PrimaryKey, Version, type ColumnOptions } from './model/decorators/column.js';
export { ForeignKey, OneToOne } from './model/decorators/foreign-key.js';
export { ManyToMany, type ManyToManyOptions } from './model/decorators/many-to-many.js';
export type { ReferenceOptions } from './model/decorators/reference.js';
export { AfterCommit, AfterDelete, AfterSave, BeforeDelete, BeforeSave } from './model/decorators/hook.js';

export { CachedModel, CacheMixin, type ModelConstructor } from './model-cache/cached-model.js';
export { CacheManager, type RowKey } from './model-cache/cache-manager.js';
export { CachedForeignKey, CachedOneToOne } from './model-cache/cached-foreign-key.js';
export { CachedList, type CachedListOptions } from './model-cache/cached-list.js';
export type { Explanation } from './model-cache/explain.js';
export type { Operation, PolicySetting, PolicySettings } from './model-cache/policy.js';

export type { DriftCheckOptions } from './connection/drift-options.js';
export type { DriftCounters } from './telemetry/drift-counters.js';
export type { CaptureOptions } from './capture/capture-options.js';
export type { GuaranteeStats } from './capture/guarantee-stats.js';
export type { GuaranteeLevel, GuaranteeOptions } from './capture/guarantee.js';
export {
  captureMigration,
  type CapturedTableStatus,
  type CaptureMigration,
  type CaptureMigrationOptions,
  type CaptureStatus,
} from './capture/capture-migration.js';
export { DatabaseCapture, type ListeningStatus } from './capture/database-capture.js';
export type { Plan as CapturePlan } from './capture/plan.js';

export { cachedQuery, type CachedQueryOptions, type KnexQuery } from './compute/cached-query.js';
export { moneyclip, type MoneyclipHandle } from './compute/moneyclip.js';
export type { MoneyclipOptions } from './compute/method-declaration.js';
export { cached, cacheOf, type CachedEntry, type CachedFunction } from './compute/cached.js';
export type {
  CachedOptions,
  CallNotice,
  FunctionWatch,
  RowPath,
  RowPathResult,
  ValueCodec,
  WatchConditions,
} from './compute/function-options.js';
export type { WatchedRows } from './query/watched-rows.js';
export type { KeepingOptions, LockSettings, RepopulateSettings } from './compute/keeping.js';
export type { After } from './compute/later.js';
export {
  CacheNode,
  Node,
  type DefinedNode,
  type NodeDefinition,
  type NodeFields,
  type NodeStatics,
} from './compute/cache-node.js';
export type { EntriesPage, EntriesQuery, ListedEntry } from './compute/list-entries.js';
export { computeSignal } from './compute/compute-signal.js';
export { invalidateTag } from './compute/tags.js';
export { registerCodec, type ClassCodec } from './compute/class-codecs.js';

export type { CacheNote, CacheStore, CacheWrite, InProcessStore, Listed, ListPage } from './store/cache-store.js';
export { Held } from './store/held.js';
export { HeldText } from './store/held-text.js';
export { MemoryStore } from './store/memory-store.js';
export { RedisStore } from './store/redis-store.js';
export { SqlStore, type SqlStoreOptions } from './store/sql/sql-store.js';
export type { Clock } from './support/clock.js';
export type { Duration } from './support/duration.js';

export {
  CacheDriftError,
  CacheError,
  ComputeTimeoutError,
  ConnectionError,
  CorruptEntryError,
  DatabaseError,
  ForeignKeyViolationError,
  MoneyclipError,
  MultipleRecordsError,
  NotNullViolationError,
  RecordNotFoundError,
  StaleRecordError,
  StoreUnavailableError,
  TransactionConflictError,
  UnconfirmedInvalidationError,
  WriteRefusedError,
  UniqueViolationError,
  UsageError,
  ValidationError,
} from './errors.js';
