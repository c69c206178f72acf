import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import { allModels, registryVersion } from '../schema/registry.js';
import { schemaOf } from '../schema/schema-of.js';

/** A place in a model's row whose value others may depend on. */
export interface TouchedColumn {
  readonly position: number;
  readonly kind: 'row' | 'condition';
  /** The column's name in the database. */
  readonly name: string;
}

export interface TouchedByRow {
  readonly columns: readonly TouchedColumn[];
  /** False where another model of the table makes conditions of a column that this model does not know or reads otherwise. */
  readonly complete: boolean;
  /** The columns of the table that every model which declares them calls volatile, by their names in the database. */
  readonly volatile: ReadonlySet<string>;
  /** Whether the table has, or had before another model of it was declared, volatile columns: what was kept then still counts on it. */
  readonly hadVolatile: boolean;
}

const tablesWithVolatile = new Set<string>();

let known = { version: -1, byModel: new WeakMap<ModelSchema, TouchedByRow>() };

/**
 * The columns of a model's rows whose values a write touches: its own, and those of every other model of the same table
 * that is declared in this process, since a read through one must hear of a write through another.
 */
export function touchedByRow(model: ModelSchema): TouchedByRow {
  if (known.version !== registryVersion()) known = { version: registryVersion(), byModel: new WeakMap() };
  const found = known.byModel.get(model);
  if (found) return found;
  const touched = find(model);
  known.byModel.set(model, touched);
  return touched;
}

function find(model: ModelSchema): TouchedByRow {
  const columns = new Map<string, TouchedColumn>();
  const models = [model, ...modelsOfTable(model)];
  let complete = true;
  for (const other of models) {
    for (const column of other.columns) {
      const kind = column.primaryKey ? 'row' : 'condition';
      if (!column.primaryKey && !column.condition) continue;
      const own = sameColumn(model, column);
      if (own) columns.set(`${kind} ${own.name}`, { position: own.position, kind, name: own.name });
      else complete = false;
    }
  }
  const volatile = volatileIn(models);
  const id = JSON.stringify([model.connection, model.table]);
  if (volatile.size > 0) tablesWithVolatile.add(id);
  return { columns: [...columns.values()], complete, volatile, hadVolatile: tablesWithVolatile.has(id) };
}

function volatileIn(models: readonly ModelSchema[]): ReadonlySet<string> {
  const columns = models.flatMap((model) => model.columns);
  const stable = new Set(columns.filter((column) => !column.volatile).map(({ name }) => name));
  return new Set(columns.map(({ name }) => name).filter((name) => !stable.has(name)));
}

function modelsOfTable({ table, connection }: ModelSchema): ModelSchema[] {
  return allModels().flatMap((model) => {
    try {
      const schema = schemaOf(model);
      return schema.table === table && schema.connection === connection ? [schema] : [];
    } catch {
      return []; // NOTE: a model that is declared wrongly says so on its own first use; nothing is cached of it yet
    }
  });
}

function sameColumn(model: ModelSchema, { name, type }: ColumnSchema): ColumnSchema | undefined {
  return model.columns.find((column) => column.name === name && column.type.signature === type.signature);
}
