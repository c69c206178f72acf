import type { ColumnSchema, ModelSchema, OnDelete } from '../schema/model-schema.js';
import { allModels, registryVersion } from '../schema/registry.js';
import { schemaOf } from '../schema/schema-of.js';
import type { TableChange } from './change.js';

/** A foreign key that points at a table, seen from there. */
export interface PointingReference {
  /** The model that declares it. */
  readonly model: ModelSchema;
  readonly column: ColumnSchema;
  readonly onDelete: OnDelete;
}

interface Cascades {
  readonly references: readonly PointingReference[];
  readonly tables: readonly TableChange[];
}

/** The foreign keys that point at a model's table, also its own. Only models that are declared in this process are known. */
export function referencesTo(model: ModelSchema): readonly PointingReference[] {
  return cascadesOf(model).references;
}

/**
 * The tables in which the database deletes or changes rows when a row of `model` is deleted: those whose foreign keys
 * cascade or are set to null, and on from there.
 */
export function cascadedModels(model: ModelSchema): readonly TableChange[] {
  return cascadesOf(model).tables;
}

let known = { version: -1, byModel: new WeakMap<ModelSchema, Cascades>() };

function cascadesOf(model: ModelSchema): Cascades {
  if (known.version !== registryVersion()) known = { version: registryVersion(), byModel: new WeakMap() };
  const found = known.byModel.get(model) ?? findCascades(model);
  known.byModel.set(model, found);
  return found;
}

function findCascades(model: ModelSchema): Cascades {
  const all = referencesOn(model.connection);
  const touched = new Map<string, ModelSchema>();
  const follow = (table: string): void => {
    for (const reference of all) {
      const { table: child } = reference.model;
      if (targetOf(reference) !== table || reference.onDelete === 'restrict' || touched.has(child)) continue;
      touched.set(child, reference.model);
      if (reference.onDelete === 'cascade') follow(child);
    }
  };
  follow(model.table);
  return {
    references: all.filter((reference) => targetOf(reference) === model.table),
    tables: [...touched.values()].map((schema) => ({ kind: 'table', model: schema })),
  };
}

function targetOf({ column }: PointingReference): string | undefined {
  return column.reference?.target().table;
}

/** NOTE: two models of one table may declare one foreign key; the one that does most counts, and once. */
function referencesOn(connection: string): PointingReference[] {
  const found = new Map<string, PointingReference>();
  for (const reference of allModels().flatMap((model) => declaredBy(model, connection))) {
    const id = JSON.stringify([reference.model.table, reference.column.name, targetOf(reference)]);
    const other = found.get(id);
    if (!other || strength[reference.onDelete] > strength[other.onDelete]) found.set(id, reference);
  }
  return [...found.values()].toSorted((left, right) => strength[right.onDelete] - strength[left.onDelete]);
}

const strength = { restrict: 0, 'set null': 1, cascade: 2 } as const;

function declaredBy(model: Parameters<typeof schemaOf>[0], connection: string): PointingReference[] {
  try {
    const schema = schemaOf(model);
    if (schema.connection !== connection) return [];
    return schema.columns.flatMap((column) => {
      if (!column.reference) return [];
      column.reference.target(); // throws here, where it is caught, if there is none
      return [{ model: schema, column, onDelete: column.reference.onDelete }];
    });
  } catch {
    return []; // NOTE: a model that is declared wrongly says so on its own first use; it has no rows yet
  }
}
