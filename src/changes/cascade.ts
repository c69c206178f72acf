import type { ModelSchema, OnDelete } from '../schema/model-schema.js';
import { allModels, registryVersion } from '../schema/registry.js';
import { schemaOf } from '../schema/schema-of.js';
import type { TableChange } from './change.js';

/**
 * The tables in which the database deletes or changes rows when a row of `model` is deleted: those whose foreign keys
 * cascade or are set to null, and on from there. Only models that are declared in this process are known.
 */
export function cascadedModels(model: ModelSchema): readonly TableChange[] {
  if (known.version !== registryVersion()) known = { version: registryVersion(), byModel: new WeakMap() };
  const changes = known.byModel.get(model) ?? findCascades(model);
  known.byModel.set(model, changes);
  return changes;
}

let known = { version: -1, byModel: new WeakMap<ModelSchema, readonly TableChange[]>() };

function findCascades(model: ModelSchema): readonly TableChange[] {
  const references = referencesOn(model.connection);
  const touched = new Map<string, ModelSchema>();
  const follow = (table: string): void => {
    for (const { from, to, onDelete } of references) {
      if (to !== table || onDelete === 'restrict' || touched.has(from.table)) continue;
      touched.set(from.table, from);
      if (onDelete === 'cascade') follow(from.table);
    }
  };
  follow(model.table);
  return [...touched.values()].map((schema) => ({ kind: 'table', model: schema }));
}

interface Reference {
  readonly from: ModelSchema;
  readonly to: string;
  readonly onDelete: OnDelete;
}

function referencesOn(connection: string): Reference[] {
  return allModels().flatMap((model) => {
    try {
      const from = schemaOf(model);
      if (from.connection !== connection) return [];
      return from.columns.flatMap(({ reference }) =>
        reference ? [{ from, to: reference.target().table, onDelete: reference.onDelete }] : [],
      );
    } catch {
      return []; // NOTE: a model that is declared wrongly says so on its own first use; it has no rows yet
    }
  });
}
