import { StaleRecordError, UsageError } from '../errors.js';
import type { Change } from '../changes/change.js';
import { announce } from '../changes/change-log.js';
import { writeObserver } from '../changes/write-observer.js';
import { touchesOthers } from '../query/cascaded-rows.js';
import { deleteLocked, explained } from '../query/delete-rows.js';
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
  const write = async (): Promise<void> => {
    await runHooks(instance, 'beforeDelete');
    const changes = await remove(target, row);
    adoptRow(target, undefined, new Map());
    await runHooks(instance, 'afterDelete');
    await announce(connection, changes);
    await runAfterCommit(connection, instance, { signal: 'deleted', created: false });
  };
  if (touchesOthers(schema)) await connection.transaction(write);
  else await runWrite(target, ['beforeDelete', 'afterDelete'], write);
}

/** Deletes the row and answers what is to be announced; where it is gone already, that it went as this instance read it. */
async function remove(target: WriteTarget, read: Row): Promise<readonly Change[]> {
  const { schema, connection } = target;
  const seen = writeObserver(connection, schema) !== undefined || touchesOthers(schema);
  const { deleted, changes } = await (seen ? removeSeen(target, read) : removeAtOnce(target, read));
  if (deleted.length === 0 && schema.version) {
    throw new StaleRecordError(
      schema.label,
      `${schema.label}: the row was changed or deleted since it was read; it was not deleted now`,
    );
  }
  return deleted.length > 0 ? changes : [{ kind: 'row', model: schema, before: read, after: undefined }];
}

type Removed = Awaited<ReturnType<typeof deleteLocked>>;

async function removeAtOnce(target: WriteTarget, read: Row): Promise<Removed> {
  const { schema, connection } = target;
  const statement = deleteByKeys(
    schema,
    [primaryKeyOf(schema, read)],
    connection.facts.name,
    versionAsRead(target, read),
  );
  const deleted = await explained(schema, () => runStatement(target, statement));
  return { deleted, changes: deleted.map((before) => ({ kind: 'row', model: schema, before, after: undefined })) };
}

async function removeSeen(target: WriteTarget, read: Row): Promise<Removed> {
  const { schema, connection } = target;
  const rows = await lockRow(target, primaryKeyOf(schema, read));
  if (rows.length === 0) return { deleted: [], changes: [] };
  return deleteLocked(connection, { model: schema, rows, also: versionAsRead(target, read) });
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
