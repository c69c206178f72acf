import { RecordNotFoundError } from '../errors.js';
import { runInFrame } from '../cache/dependency-frame.js';
import { announce } from '../changes/change-log.js';
import type { WriteObserver } from '../changes/write-observer.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import type { Row } from '../schema/cell.js';
import type { ModelReference } from '../schema/declaration.js';
import type { ModelSchema } from '../schema/model-schema.js';
import { allModels, findModel, registryVersion, resolveModel } from '../schema/registry.js';
import { schemaOf } from '../schema/schema-of.js';
import { followerOfTags } from './model-tags.js';

/** Something that a written row invalidates. */
export interface Lead {
  readonly dependency: string;
  /** Makes anew, after the commit, what was invalidated. */
  readonly renew?: (() => Promise<unknown>) | undefined;
}

/** Says what the rows of a model lead to. */
export interface RowFollower {
  readonly watched: ModelReference;
  /** What a report of a failure calls it. */
  readonly where: string;
  /** What a row leads to, as it was or as it is. Runs in the transaction of the write. */
  follow(row: object): Promise<readonly Lead[]>;
  /** All that any row may lead to: invalidated where `follow` fails. */
  everything(): readonly string[];
}

const followers = new Set<RowFollower>();
const reported = new Set<string>();
let changes = 0;

/** Makes a follower hear of every write to the model that it watches. Returns how to stop that. */
export function registerFollower(follower: RowFollower): () => void {
  followers.add(follower);
  changes += 1;
  return () => {
    followers.delete(follower);
    changes += 1;
  };
}

/**
 * Sees the rows around each write and drops the values that they lead to. Followers see the row as it was and as it is,
 * in the write's own transaction.
 */
export function followingObserver(connection: DatabaseConnection): WriteObserver {
  const follow = async (model: ModelSchema, rows: readonly Row[]): Promise<void> => {
    if (rows.length === 0) return;
    for (const follower of followersOf(model)) await followRows(connection, follower, { model, rows });
  };
  return {
    watches: (model) => followersOf(model).length > 0,
    before: follow,
    after: follow,
  };
}

/** Everything that rows of a table lead to by paths and tags: dropped where it is not known what the rows held. */
export function followedBy(model: ModelSchema): readonly string[] {
  return followersOf(model).flatMap((follower) => follower.everything());
}

let known = { version: '', byTable: new Map<string, readonly RowFollower[]>() };

function followersOf(model: ModelSchema): readonly RowFollower[] {
  const version = `${registryVersion()} ${changes}`;
  if (known.version !== version) known = { version, byTable: new Map() };
  const found = known.byTable.get(model.table) ?? findFollowers(model.table);
  known.byTable.set(model.table, found);
  return found;
}

function findFollowers(table: string): readonly RowFollower[] {
  const tagged = allModels().flatMap((model) => (tableOf(model) === table ? followerOfTags(model) : []));
  return [...[...followers].filter(({ watched }) => tableOf(watched) === table), ...tagged];
}

/** The table of a watched model if it is declared by now; one that is not cannot be the one that is being written. */
function tableOf(reference: ModelReference): string | undefined {
  try {
    const model = typeof reference === 'string' ? findModel(reference) : resolveModel(reference, 'watch');
    return model && schemaOf(model).table;
  } catch {
    return undefined;
  }
}

interface Written {
  readonly model: ModelSchema;
  readonly rows: readonly Row[];
}

/** Many rows cost no more round trips than one: they are followed together, so what is read for them is read in batches. */
async function followRows(connection: DatabaseConnection, follower: RowFollower, written: Written): Promise<void> {
  try {
    // NOTE: a savepoint, so that a path whose query fails does not take the write with it (PostgreSQL)
    const leads = await connection.transaction(() => runInFrame(undefined, () => leadsOfAll(follower, written)));
    const byDependency = new Map(leads.map((lead) => [lead.dependency, lead]));
    await announce(connection, [{ kind: 'dependencies', dependencies: [...byDependency.keys()] }]);
    renewAfterCommit(connection, follower, [...byDependency.values()]);
  } catch (error) {
    await announce(connection, [{ kind: 'dependencies', dependencies: follower.everything() }]);
    report(follower.where, error);
  }
}

/** What rows lead to. Waits for every one before it throws what one of them threw: nothing may run on after its transaction. */
async function leadsOfAll(follower: RowFollower, { model, rows }: Written): Promise<readonly Lead[]> {
  const results = await Promise.allSettled(rows.map((row) => follower.follow(model.hydrate(row))));
  return results.flatMap((result) => {
    if (result.status === 'fulfilled') return result.value;
    if (result.reason instanceof RecordNotFoundError) return [];
    throw result.reason;
  });
}

function renewAfterCommit(connection: DatabaseConnection, follower: RowFollower, leads: readonly Lead[]): void {
  const renewals = leads.flatMap(({ renew }) => renew ?? []);
  if (renewals.length === 0) return;
  connection.currentTransaction()?.onSettled(async (outcome) => {
    if (outcome !== 'committed') return;
    for (const renew of renewals) await renew().catch((error: unknown) => report(follower.where, error));
  });
}

/** Says once per follower that it does not work; what it is about was invalidated wholly. */
function report(where: string, error: unknown): void {
  if (reported.has(where)) return;
  reported.add(where);
  const reason = error instanceof Error ? error.message : String(error);
  process.emitWarning(`${where}: the path of a watched row failed, so all of its values were dropped: ${reason}`);
}
