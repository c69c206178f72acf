import { RecordNotFoundError } from '../errors.js';
import { runInFrame } from '../cache/dependency-frame.js';
import { announce } from '../changes/change-log.js';
import type { WriteObserver } from '../changes/write-observer.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import { Model } from '../model/model.js';
import type { Row } from '../schema/cell.js';
import type { ModelClassLike, ModelReference } from '../schema/declaration.js';
import type { ModelSchema } from '../schema/model-schema.js';
import { allModels, findModel, registryVersion, resolveModel } from '../schema/registry.js';
import { schemaOf } from '../schema/schema-of.js';
import { methodIn, type CachedMethod } from './cached-method.js';
import { labelDependency } from './computation-dependencies.js';
import type { MethodDeclaration, Path } from './method-declaration.js';

/** A computed method that follows the rows of another model. */
interface PathWatch {
  readonly owner: ModelClassLike;
  readonly declaration: MethodDeclaration;
  readonly watched: ModelReference;
  readonly path: Path;
}

const watches: PathWatch[] = [];
const reported = new Set<string>();

/** Makes a computed method follow the models that its declaration watches. */
export function registerWatches(owner: ModelClassLike, declaration: MethodDeclaration): void {
  for (const [watched, path] of declaration.paths) {
    watches.push({ owner, declaration, watched, path });
  }
}

/**
 * Sees the rows around each write and drops the values that their paths lead to. The path runs on the row as it was
 * and as it is, in the write's own transaction.
 */
export function watchObserver(connection: DatabaseConnection): WriteObserver {
  const follow = async (model: ModelSchema, rows: readonly Row[]): Promise<void> => {
    if (rows.length === 0) return;
    for (const watch of watchesOf(model)) await followRows(connection, model, watch, rows);
  };
  return {
    watches: (model) => watchesOf(model).length > 0,
    before: follow,
    after: follow,
  };
}

let known = { version: -1, byTable: new Map<string, PathWatch[]>() };

function watchesOf(model: ModelSchema): readonly PathWatch[] {
  const version = registryVersion() + watches.length;
  if (known.version !== version) known = { version, byTable: new Map() };
  const found = known.byTable.get(model.table) ?? watches.filter(({ watched }) => tableOf(watched) === model.table);
  known.byTable.set(model.table, found);
  return found;
}

/** The table of a watched model if it is declared by now; one that is not cannot be the one that is being written. */
function tableOf(reference: ModelReference): string | undefined {
  try {
    const model = typeof reference === 'string' ? findModel(reference) : resolveModel(reference, 'watch');
    return model && schemaOf(model).table;
  } catch {
    return undefined;
  }
}

/** The method in each class that has it: its own and those that extend it. */
function methodsOf({ owner, declaration }: PathWatch): CachedMethod[] {
  return allModels()
    .filter((model) => model === owner || model.prototype instanceof owner)
    .map((model) => methodIn(model, declaration));
}

/** Many rows cost no more round trips than one: their paths run together, so what they read is read in batches. */
async function followRows(
  connection: DatabaseConnection,
  model: ModelSchema,
  watch: PathWatch,
  rows: readonly Row[],
): Promise<void> {
  const methods = methodsOf(watch);
  try {
    // NOTE: a savepoint, so that a path whose query fails does not take the write with it (PostgreSQL)
    const args = await connection.transaction(() => runInFrame(undefined, () => argumentsOfAll(model, watch, rows)));
    for (const method of methods) await dropValues(connection, method, args);
  } catch (error) {
    const dependencies = methods.map(({ label }) => labelDependency(label));
    await announce(connection, [{ kind: 'dependencies', dependencies }]);
    report(watch.declaration.where, error);
  }
}

/** The arguments that rows lead to. Waits for every path before it throws what one of them threw: nothing may run on after its transaction. */
async function argumentsOfAll(
  model: ModelSchema,
  watch: PathWatch,
  rows: readonly Row[],
): Promise<(readonly unknown[])[]> {
  const results = await Promise.allSettled(rows.map((row) => argumentsOf(watch, model.hydrate(row))));
  return results.flatMap((result) => {
    if (result.status === 'fulfilled') return result.value ? [result.value] : [];
    if (result.reason instanceof RecordNotFoundError) return [];
    throw result.reason;
  });
}

/** The arguments of the key function that a row leads to; undefined for "no key". */
async function argumentsOf(watch: PathWatch, instance: object): Promise<unknown[] | undefined> {
  const result: unknown = await watch.path(instance);
  if (result === undefined || result === null) return undefined;
  if (!Array.isArray(result)) {
    throw new TypeError(`the path returned ${typeof result} instead of a list of the key function's arguments`);
  }
  const args = await Promise.all(result as unknown[]);
  return args.some((argument) => argument === null || argument === undefined) ? undefined : args;
}

async function dropValues(
  connection: DatabaseConnection,
  method: CachedMethod,
  all: readonly (readonly unknown[])[],
): Promise<void> {
  const byDependency = new Map<string, readonly unknown[]>();
  for (const args of all.flatMap((one) => withSymmetrical(method, one))) {
    const [self, ...rest] = args;
    byDependency.set(method.dependency(self, rest), args);
  }
  await announce(connection, [{ kind: 'dependencies', dependencies: [...byDependency.keys()] }]);
  if (method.declaration.repopulate) repopulateAfterCommit(connection, method, [...byDependency.values()]);
}

function withSymmetrical(
  { declaration: { symmetrical } }: CachedMethod,
  args: readonly unknown[],
): (readonly unknown[])[] {
  if (symmetrical === true) return [args, args.toReversed()];
  return symmetrical ? [args, symmetrical(...args)] : [args];
}

function repopulateAfterCommit(
  connection: DatabaseConnection,
  method: CachedMethod,
  all: readonly (readonly unknown[])[],
): void {
  connection.currentTransaction()?.onSettled(async (outcome) => {
    if (outcome !== 'committed') return;
    for (const [self, ...rest] of all) {
      if (!(self instanceof Model) || self.constructor !== findModel(method.schema.label)) continue;
      await method.refresh(self, rest).catch((error: unknown) => report(method.label, error));
    }
  });
}

/** Says once per method that its path does not work; the value was invalidated wholly. */
function report(label: string, error: unknown): void {
  if (reported.has(label)) return;
  reported.add(label);
  const reason = error instanceof Error ? error.message : String(error);
  process.emitWarning(
    `@moneyclip ${label}: the path of a watched row failed, so all of its values were dropped: ${reason}`,
  );
}
