import { StaleRecordError, UsageError } from '../errors.js';
import { cascadedModels } from '../changes/cascade.js';
import { announce } from '../changes/change-log.js';
import { writeObserver } from '../changes/write-observer.js';
import { selectByCells } from '../query/select-sql.js';
import { deleteByKeys } from '../query/write-sql.js';
import type { Row } from '../schema/cell.js';
import type { Comparison } from '../schema/condition.js';
import { primaryKeyOf } from '../schema/model-schema.js';
import { runAfterCommit } from './after-commit.js';
import { runHooks } from './hooks.js';
import { adoptRow, runStatement, runWrite, writeTarget, type WriteTarget } from './write-target.js';

/** Deletes an instance's row; see `Model.delete`. */
export async function removeRecord(instance: object): Promise<void> {
  const target = writeTarget(instance);
  const { state, schema, connection } = target;
  const { row } = state;
  if (!row) throw new UsageError(`${schema.label}: this instance was never stored, so there is nothing to delete`);
  if (state.deleted) return;
  await runWrite(target, ['beforeDelete', 'afterDelete'], async () => {
    await runHooks(instance, 'beforeDelete');
    const before = await remove(target, row);
    adoptRow(target, undefined, new Map());
    await runHooks(instance, 'afterDelete');
    await announce(connection, [{ kind: 'row', model: schema, before, after: undefined }, ...cascadedModels(schema)]);
    await runAfterCommit(connection, instance, { signal: 'deleted', created: false });
  });
}

/** Deletes the row and answers it as it was; where it is gone already, as this instance read it. */
async function remove(target: WriteTarget, read: Row): Promise<Row> {
  const { schema, connection } = target;
  const key = primaryKeyOf(schema, read);
  const observer = writeObserver(connection, schema);
  if (observer) {
    const rows = await runStatement(target, selectByCells(schema, schema.primaryKey, [key], connection.facts.name));
    await observer.before(schema, rows);
  }
  const [row] = await runStatement(
    target,
    deleteByKeys(schema, [key], connection.facts.name, versionAsRead(target, read)),
  );
  if (!row && schema.version) {
    throw new StaleRecordError(
      schema.label,
      `${schema.label}: the row was changed or deleted since it was read; it was not deleted now`,
    );
  }
  return row ?? read;
}

function versionAsRead({ schema: { version } }: WriteTarget, read: Row): Comparison | undefined {
  return version && { kind: 'comparison', column: version, lookup: 'exact', cells: [read[version.position] ?? null] };
}
