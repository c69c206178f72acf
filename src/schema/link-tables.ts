import type { ModelSchema } from './model-schema.js';
import { schemaOf } from './schema-of.js';

/** The tables of two columns that the library makes for the links of models. */
export function linkTablesOf(models: readonly ModelSchema[]): readonly ModelSchema[] {
  const links = models.flatMap((model) => [...model.links.values()]);
  return links.flatMap(({ through, throughModel }) => (through === undefined ? [schemaOf(throughModel())] : []));
}
