import type { ModelSchema } from '../schema/model-schema.js';
import { allModels } from '../schema/registry.js';
import { schemaOf } from '../schema/schema-of.js';
import type { TableChange } from './change.js';

/**
 * The tables in which the database deletes or changes rows when a row of `model` is deleted: those whose foreign keys
 * cascade or are set to null, and on from there. Only models that are declared in this process are known.
 */
export function cascadedModels(model: ModelSchema): TableChange[] {
  const touched = new Map<string, ModelSchema>();
  const follow = (target: ModelSchema): void => {
    for (const [schema, onDelete] of referencesTo(target)) {
      if (touched.has(schema.table)) continue;
      touched.set(schema.table, schema);
      if (onDelete === 'cascade') follow(schema);
    }
  };
  follow(model);
  return [...touched.values()].map((schema) => ({ kind: 'table', model: schema }));
}

function referencesTo(target: ModelSchema): [ModelSchema, 'cascade' | 'set null'][] {
  return schemasOn(target.connection).flatMap((schema) =>
    schema.columns.flatMap(({ reference }): [ModelSchema, 'cascade' | 'set null'][] => {
      if (!reference || reference.onDelete === 'restrict') return [];
      return reference.target().table === target.table ? [[schema, reference.onDelete]] : [];
    }),
  );
}

function schemasOn(connection: string): ModelSchema[] {
  return allModels()
    .map((model) => schemaOf(model))
    .filter((schema) => schema.connection === connection);
}
