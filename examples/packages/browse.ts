import { Installation, License, Package, Person, Release } from './models.js';

/** Everything that the tour saw, as plain data. */
export interface Picture {
  /** How many packages depend on each, directly and in all. */
  readonly dependents: Readonly<Record<string, readonly [direct: number, all: number]>>;
  /** The installed releases of each package, with their licences. */
  readonly releases: Readonly<Record<string, readonly string[]>>;
  /** How many releases have each licence, and how many of a hundred that is. */
  readonly licenses: Readonly<Record<string, readonly [releases: number, percentage: number]>>;
  /** How many packages name each person. */
  readonly people: Readonly<Record<string, number>>;
}

/** What there is to browse, as the database has it. */
export interface Tour {
  readonly packages: readonly Package[];
  readonly licenses: readonly License[];
  readonly people: readonly Person[];
}

/** Reads from the database what there is. */
export async function planTour(): Promise<Tour> {
  const [packages, licenses, people] = await Promise.all([
    Package.objects.orderBy('name').all(),
    License.objects.orderBy('name').all(),
    Person.objects.orderBy('identity').all(),
  ]);
  return { packages, licenses, people };
}

/** Looks at everything through the cache: rows by unique columns, foreign keys, a one-to-one, computed values. */
export async function browse(tour: Tour): Promise<Picture> {
  const [packages, licenses, people] = await Promise.all([
    Promise.all(tour.packages.map(({ name }) => lookAtPackage(name))),
    Promise.all(tour.licenses.map(({ name }) => lookAtLicense(name))),
    Promise.all(tour.people.map(({ identity }) => lookAtPerson(identity))),
  ]);
  return {
    dependents: Object.fromEntries(packages.map(({ name, dependents }) => [name, dependents])),
    releases: Object.fromEntries(packages.map(({ name, releases }) => [name, releases])),
    licenses: Object.fromEntries(licenses),
    people: Object.fromEntries(people),
  };
}

interface SeenPackage {
  readonly name: string;
  readonly dependents: readonly [number, number];
  readonly releases: readonly string[];
}

async function lookAtPackage(name: string): Promise<SeenPackage> {
  const found = await Package.cache.get({ name });
  await found.author;
  const [direct, all, releases] = await Promise.all([found.dependents(), found.allDependents(), found.releaseIds()]);
  return { name, dependents: [direct.length, all.length], releases: await lookAtReleases(releases) };
}

async function lookAtReleases(ids: readonly number[]): Promise<string[]> {
  const releases = await Release.cache.getMany(ids);
  return Promise.all(releases.flatMap((release) => (release ? [lookAtRelease(release)] : [])));
}

async function lookAtRelease(release: Release): Promise<string> {
  const [license, installation] = await Promise.all([
    release.license,
    Installation.cache.get({ releaseId: release.id }),
  ]);
  return `${release.version} (${license.name}) in ${installation.path}`;
}

async function lookAtLicense(name: string): Promise<[string, readonly [number, number]]> {
  const license = await License.cache.get({ name });
  return [name, [await license.releaseCount(), await license.percentage()]];
}

async function lookAtPerson(identity: string): Promise<[string, number]> {
  const person = await Person.cache.get({ identity });
  return [identity, (await person.packageNames()).length];
}
