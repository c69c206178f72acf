import { transaction, type Database } from 'moneyclip';
import type { Manifest, ManifestPerson } from './manifest.js';
import { Dependency, Installation, License, Maintainer, models, Package, Person, Release } from './models.js';

/** Makes the tables anew. */
export async function makeTables(db: Database): Promise<void> {
  const tables = ['maintainers', 'dependencies', 'installations', 'releases', 'packages', 'people', 'licenses'];
  for (const table of tables) await db.knex.schema.dropTableIfExists(`example_${table}`);
  await db.createTables(models);
}

/** Stores what was found, all or nothing, with a few statements for each table. */
export function storePackages(manifests: readonly Manifest[]): Promise<void> {
  return transaction(async () => {
    const licenses = await storeLicenses(manifests);
    const people = await storePeople(manifests);
    const packages = await storeNames(manifests, people);
    const releases = await storeReleases(manifests, packages, licenses);
    await storeMaintainers(manifests, packages, people);
    await storeDependencies(manifests, packages, releases);
  });
}

/** Keys by name. */
type Keys = ReadonlyMap<string, number>;

async function storeLicenses(manifests: readonly Manifest[]): Promise<Keys> {
  const names = new Set(manifests.map(({ license }) => license));
  const licenses = await License.objects.bulkCreate([...names].map((name) => ({ name })));
  return new Map(licenses.map(({ name, id }) => [name, id]));
}

async function storePeople(manifests: readonly Manifest[]): Promise<Keys> {
  const people = firstOfEach(
    manifests.flatMap(({ people: named }) => named),
    identityOf,
  );
  const stored = await Person.objects.bulkCreate(
    people.map((person) => ({ name: person.name, identity: identityOf(person) })),
  );
  return new Map(stored.map(({ identity, id }) => [identity, id]));
}

async function storeNames(manifests: readonly Manifest[], people: Keys): Promise<Keys> {
  const packages = await Package.objects.bulkCreate(
    firstOfEach(manifests, ({ name }) => name).map(({ name, description, people: named }) => {
      const author = named.find(({ role }) => role === 'author');
      return { name, description, authorId: (author && people.get(identityOf(author))) ?? null };
    }),
  );
  return new Map(packages.map(({ name, id }) => [name, id]));
}

/** A release that is installed in several places is one release with several copies. */
async function storeReleases(manifests: readonly Manifest[], packages: Keys, licenses: Keys): Promise<Keys> {
  const found = firstOfEach(manifests, releaseOf);
  const releases = await Release.objects.bulkCreate(
    found.map(({ name, version, license }) => ({
      packageId: keyOf(packages, name),
      version,
      licenseId: keyOf(licenses, license),
    })),
  );
  const copies = new Map<string, number>();
  for (const one of manifests) copies.set(releaseOf(one), (copies.get(releaseOf(one)) ?? 0) + 1);
  await Installation.objects.bulkCreate(
    releases.map((release, index) => {
      const manifest = found[index];
      if (!manifest) throw new Error('bulkCreate answers one instance for each row, in their order.');
      const { path, homepage, bytes } = manifest;
      return { release, path, homepage, bytes, copies: copies.get(releaseOf(manifest)) ?? 1 };
    }),
  );
  return new Map(found.map((manifest, index) => [releaseOf(manifest), releases[index]?.id ?? 0]));
}

async function storeMaintainers(manifests: readonly Manifest[], packages: Keys, people: Keys): Promise<void> {
  const named = manifests.flatMap(({ name, people: persons }) => persons.map((person) => ({ name, person })));
  const distinct = firstOfEach(named, ({ name, person }) => `${name} ${identityOf(person)}`);
  await Maintainer.objects.bulkCreate(
    distinct.map(({ name, person }) => ({
      packageId: keyOf(packages, name),
      personId: keyOf(people, identityOf(person)),
      role: person.role,
    })),
  );
}

/** Dependencies on packages that are not installed, such as optional ones, are left out. */
async function storeDependencies(manifests: readonly Manifest[], packages: Keys, releases: Keys): Promise<void> {
  await Dependency.objects.bulkCreate(
    firstOfEach(manifests, releaseOf).flatMap((manifest) =>
      manifest.dependencies
        .filter(({ name }) => packages.has(name))
        .map(({ name, range, kind }) => ({
          releaseId: keyOf(releases, releaseOf(manifest)),
          packageId: keyOf(packages, name),
          range,
          kind,
        })),
    ),
  );
}

function releaseOf({ name, version }: Manifest): string {
  return `${name}@${version}`;
}

function identityOf({ name, email }: ManifestPerson): string {
  return (email ?? name).toLowerCase();
}

function firstOfEach<T>(all: readonly T[], identity: (one: T) => string): T[] {
  const found = new Map<string, T>();
  for (const one of all) if (!found.has(identity(one))) found.set(identity(one), one);
  return [...found.values()];
}

function keyOf(keys: Keys, name: string): number {
  const key = keys.get(name);
  if (key === undefined) throw new Error(`'${name}' was not stored.`);
  return key;
}
