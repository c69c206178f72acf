import { transaction, type Database } from 'moneyclip';
import { Dependency, License, Package, Release } from './models.js';

/** A write, and how to say what it does. */
export interface Change {
  readonly name: string;
  /** Answers false where this project has nothing to change in this way. */
  readonly write: () => Promise<boolean>;
}

class ChangedMyMind extends Error {}

/** Writes of each kind that an application does. */
export function changesIn(db: Database, isSqlite: boolean): readonly Change[] {
  return [
    { name: 'save a description', write: describePackage },
    { name: 'save another licence', write: changeLicense },
    { name: 'move a dependency', write: moveDependency },
    { name: 'delete a dependency', write: deleteDependency },
    { name: 'transaction rolled back', write: changeAndRollBack },
    { name: isSqlite ? 'plain SQL' : 'plain SQL, then invalidateModel', write: () => renameBySql(db, isSqlite) },
  ];
}

async function describePackage(): Promise<boolean> {
  const first = await Package.objects.orderBy('name').first();
  if (!first) return false;
  first.description = 'Described anew.';
  await first.save();
  return true;
}

async function changeLicense(): Promise<boolean> {
  const release = await Release.objects.first();
  if (!release) return false;
  const other = await License.objects.exclude({ id: release.licenseId }).orderBy('name').first();
  release.license = other ?? (await License.create({ name: 'Example-1.0' }));
  await release.save();
  return true;
}

/** The values of the package that was needed, of the one that is needed now, and of what these need, are corrected. */
async function moveDependency(): Promise<boolean> {
  const dependency = await Dependency.objects.orderBy('-id').first();
  const other = dependency && (await Package.objects.exclude({ id: dependency.packageId }).orderBy('-name').first());
  if (!other) return false;
  dependency.package = other;
  await dependency.save();
  return true;
}

async function deleteDependency(): Promise<boolean> {
  const dependency = await Dependency.objects.first();
  await dependency?.delete();
  return dependency !== undefined;
}

/** Inside, cached reads see what was changed; outside, nothing happened and nothing is computed again. */
async function changeAndRollBack(): Promise<boolean> {
  const dependency = await Dependency.objects.first();
  if (!dependency) return false;
  const work = transaction(async () => {
    await dependency.delete();
    const needed = await Package.cache.get(dependency.packageId);
    await needed.allDependents();
    throw new ChangedMyMind();
  });
  await work.catch((error: unknown) => {
    if (!(error instanceof ChangedMyMind)) throw error;
  });
  return true;
}

/**
 * SQL past the library. On SQLite the next read notices that the file was written, by whomever, and trusts nothing that
 * was cached before. PostgreSQL tells nobody: there the library must be told which model's table was written.
 */
async function renameBySql(db: Database, isSqlite: boolean): Promise<boolean> {
  const changed: unknown = await db.knex('example_releases').where('id', 1).update({ version: '0.0.0-example' });
  if (!isSqlite) await db.invalidateModel(Release);
  return changed !== 0;
}
