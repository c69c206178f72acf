import { StaleRecordError, UsageError } from '../errors.js';
import { cascadedModels } from '../changes/cascade.js';
import { announce } from '../changes/change-log.js';
import { writeObserver } from '../changes/write-observer.js';
import { selectRows } from '../query/select-sql.js';
import { deleteByKeys } from '../query/write-sql.js';
import type { Cell, Row } from '../schema/cell.js';
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
    await observer.before(schema, await lockRow(target, key));
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

/** NOTE: under its lock, so that the row that is looked at is the one that will be deleted. */
function lockRow(target: WriteTarget, key: Cell): Promise<Row[]> {
  const { schema, connection } = target;
  const condition = { kind: 'comparison', column: schema.primaryKey, lookup: 'exact', cells: [key] } as const;
  const state = { model: schema, condition, order: [], limit: undefined, offset: undefined };
  return runStatement(target, selectRows(state, connection.facts.name, true));
}

function versionAsRead({ schema: { version } }: WriteTarget, read: Row): Comparison | undefined {
  return version && { kind: 'comparison', column: version, lookup: 'exact', cells: [read[version.position] ?? null] };
}
