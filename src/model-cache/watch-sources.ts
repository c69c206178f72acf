import { UsageError } from '../errors.js';
import { tableDependency, valuesDependency } from '../invalidation/dependencies.js';
import { dependenciesOfQuery } from '../invalidation/query-dependencies.js';
import { QuerySet } from '../query/query-set.js';
import type { Source } from '../query/watched-rows.js';
import type { ModelReference } from '../schema/declaration.js';
import type { ModelSchema } from '../schema/model-schema.js';
import type { QueryState } from '../schema/query-state.js';
import { resolveModel } from '../schema/registry.js';
import { schemaOf } from '../schema/schema-of.js';

/** Who watches, for messages. */
export interface Watcher {
  readonly where: string;
  /** The name of the connection that keeps its values. */
  readonly connection: string;
  /** How its values are invalidated by hand. */
  readonly byHand: string;
}

/** The names of what any change of these models, or of the rows that these query sets mean, touches. */
export function dependenciesOfSources(sources: readonly Source[], watcher: Watcher): readonly string[] {
  return sources.flatMap((source) => {
    if (source instanceof QuerySet) return dependenciesOfRows(source, watcher);
    const { table } = watchedSchema(source as ModelReference, watcher); // what is no query set was checked at declaration
    return [tableDependency(table), valuesDependency(table)];
  });
}

/** Of models whose rows are followed one by one: the changes for which there are no rows to look at. */
export function dependenciesOfFollowed(models: readonly ModelReference[], watcher: Watcher): readonly string[] {
  return models.map((model) => valuesDependency(watchedSchema(model, watcher).table));
}

function dependenciesOfRows(rows: object, watcher: Watcher): readonly string[] {
  const state = Reflect.get(rows, 'state') as QueryState; // NOTE: protected from users; what it asks for is data
  assertHeard(state.model, watcher);
  const shown = state.model.columns.map((column) => ({ path: [], column }));
  return dependenciesOfQuery({ state, shown });
}

function watchedSchema(model: ModelReference, watcher: Watcher): ModelSchema {
  const schema = schemaOf(resolveModel(model, watcher.where));
  assertHeard(schema, watcher);
  return schema;
}

function assertHeard({ label, connection }: ModelSchema, watcher: Watcher): void {
  if (connection === watcher.connection) return;
  throw new UsageError(
    `${watcher.where}: it watches ${label} of connection '${connection}', but its values are kept by connection ` +
      `'${watcher.connection}', which does not hear of those writes. Give it a ttl and call ${watcher.byHand} instead.`,
  );
}
