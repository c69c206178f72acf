import { cascadedModels } from '../changes/cascade.js';
import type { DatabaseFacts, RelationFacts } from './captured-tables.js';
import type { TableNeeds } from './table-needs.js';
import { parseVersion } from './trigger-version.js';

/**
 * The tables, as models write them, of which a write of this library may change more than the library announces: by a
 * trigger or rule of the application, by a foreign key that no model declares, or for models of other processes.
 */
export function tablesWithSideEffects(needs: readonly TableNeeds[], facts: DatabaseFacts): ReadonlySet<string> {
  const found = new Set(needs.filter((each) => writesElsewhere(each, needs, facts)).map(({ table }) => table));
  const reachesOne = ({ models }: TableNeeds): boolean =>
    models.some((model) => cascadedModels(model).some(({ model: reached }) => found.has(reached.table)));
  for (const each of needs) if (reachesOne(each)) found.add(each.table);
  return found;
}

function writesElsewhere(own: TableNeeds, needs: readonly TableNeeds[], { tables }: DatabaseFacts): boolean {
  const relations = tables[own.table] ?? [];
  const declared = new Set(
    own.models.flatMap((model) => cascadedModels(model).map(({ model: reached }) => tables[reached.table]?.[0]?.name)),
  );
  return relations.some(
    (relation) =>
      relation.runsOthers ||
      relation.cascades.some((child) => !declared.has(child)) ||
      recordsMore(relation, own, needs),
  );
}

/** Whether its triggers know columns, or volatile ones, of models that are declared elsewhere alone, such as in another release. */
function recordsMore({ triggers }: RelationFacts, own: TableNeeds, needs: readonly TableNeeds[]): boolean {
  const here = needs.filter(({ table }) => table === own.table);
  const known = new Set(here.flatMap(({ columns }) => [...columns.keys()]));
  return triggers.some(({ version }) => {
    const { columns = {}, volatile = [] } = parseVersion(version) ?? {};
    const knowsVolatile = volatile.every((column) => here.every((each) => each.volatile.has(column)));
    return !knowsVolatile || Object.keys(columns).some((column) => !known.has(column));
  });
}
