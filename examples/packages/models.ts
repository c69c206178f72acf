import { CachedForeignKey, CachedModel, CachedOneToOne, Column, moneyclip, PrimaryKey, Table } from 'moneyclip';
import type { CacheManager, Manager, Related } from 'moneyclip';
import { kinds, roles, type Kind, type Role } from './manifest.js';

// Every column says its type, because tsx emits no types of properties (decorator metadata). A project compiled by tsc
// with emitDecoratorMetadata can leave `type` out for text, numbers, booleans and dates.

/** A licence, as packages name it. */
@Table('example_licenses', { label: 'packages.License' })
export class License extends CachedModel {
  declare static objects: Manager<License>;
  declare static cache: CacheManager<License>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'string', maxLength: 200, unique: true }) declare name: string;

  /** How many releases have this licence: changed by those alone that have it now, or had it. */
  @moneyclip()
  async releaseCount(): Promise<number> {
    return Release.objects.filter({ license: this }).count();
  }

  /** How many of a hundred releases have it: changed by every release, because all of them are counted. */
  @moneyclip()
  async percentage(): Promise<number> {
    const [own, all] = await Promise.all([this.releaseCount(), Release.objects.count()]);
    return all === 0 ? 0 : Math.round((100 * own) / all);
  }
}

/** Somebody who wrote or maintains packages. */
@Table('example_people', { label: 'packages.Person' })
export class Person extends CachedModel {
  declare static objects: Manager<Person>;
  declare static cache: CacheManager<Person>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'string', maxLength: 200 }) declare name: string;
  /** The address, or the name where there is none. */
  @Column({ type: 'string', maxLength: 200, unique: true }) declare identity: string;

  /**
   * The names of their packages. In the form that names the key and what is watched: the path runs on each maintainer
   * that is written, as it was and as it is.
   */
  @moneyclip(
    'person::packages::%s',
    (person: Person) => [person.id],
    () => Maintainer,
    (maintainer: Maintainer) => [maintainer.person],
  )
  async packageNames(): Promise<string[]> {
    const maintained = await Maintainer.objects.filter({ person: this }).all();
    const names = await Promise.all(maintained.map(async (maintainer) => (await maintainer.package).name));
    return [...new Set(names)].toSorted();
  }
}

/** A package, in whatever versions it is installed. */
@Table('example_packages', { label: 'packages.Package' })
export class Package extends CachedModel {
  declare static objects: Manager<Package>;
  declare static cache: CacheManager<Package>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'string', maxLength: 214, unique: true }) declare name: string;
  @Column({ type: 'text', nullable: true }) declare description: string | null;
  @CachedForeignKey(() => Person, { nullable: true }) declare author: Related<Person | null>;
  declare authorId: number | null;

  /** The keys of its releases. */
  @moneyclip()
  async releaseIds(): Promise<number[]> {
    const releases = await Release.objects.filter({ package: this }).orderBy('id').all();
    return releases.map(({ id }) => id);
  }

  /** The keys of the packages that depend on it directly. */
  @moneyclip()
  async dependents(): Promise<number[]> {
    const dependencies = await Dependency.objects.filter({ package: this }).all();
    const ids = await Promise.all(dependencies.map(async (dependency) => (await dependency.release).packageId));
    return distinct(ids.filter((id) => id !== this.id));
  }

  /**
   * The keys of the packages that depend on it, directly or through others. It is computed from other packages'
   * computed values, and depends on whatever those depend on.
   */
  @moneyclip({ ttl: '6h' })
  async allDependents(): Promise<number[]> {
    const found = new Set<number>();
    let next = await this.dependents();
    while (next.length > 0) {
      for (const id of next) found.add(id);
      const packages = await Package.cache.getMany(next);
      const further = await Promise.all(packages.map(async (dependent) => dependent?.dependents() ?? []));
      next = distinct(further.flat()).filter((id) => !found.has(id));
    }
    found.delete(this.id);
    return distinct([...found]);
  }
}

/** One version of a package. */
@Table('example_releases', { label: 'packages.Release' })
export class Release extends CachedModel {
  declare static objects: Manager<Release>;
  declare static cache: CacheManager<Release>;

  @PrimaryKey() declare id: number;
  @CachedForeignKey(() => Package, { onDelete: 'cascade' }) declare package: Related<Package>;
  declare packageId: number;
  @Column({ type: 'string', maxLength: 256 }) declare version: string;
  @CachedForeignKey(() => License) declare license: Related<License>;
  declare licenseId: number;
}

/** Where a release is installed. */
@Table('example_installations', { label: 'packages.Installation' })
export class Installation extends CachedModel {
  declare static objects: Manager<Installation>;
  declare static cache: CacheManager<Installation>;

  @PrimaryKey() declare id: number;
  @CachedOneToOne(() => Release, { onDelete: 'cascade' }) declare release: Related<Release>;
  declare releaseId: number;
  @Column({ type: 'text' }) declare path: string;
  @Column({ type: 'text', nullable: true }) declare homepage: string | null;
  @Column({ type: 'integer' }) declare bytes: number;
  @Column({ type: 'integer', default: 1 }) declare copies: number;
}

/** A release needs a package. */
@Table('example_dependencies', { label: 'packages.Dependency' })
export class Dependency extends CachedModel {
  declare static objects: Manager<Dependency>;
  declare static cache: CacheManager<Dependency>;

  @PrimaryKey() declare id: number;
  @CachedForeignKey(() => Release, { onDelete: 'cascade' }) declare release: Related<Release>;
  declare releaseId: number;
  @CachedForeignKey(() => Package, { onDelete: 'cascade' }) declare package: Related<Package>;
  declare packageId: number;
  @Column({ type: 'string', maxLength: 300 }) declare range: string;
  @Column({ type: 'enum', values: kinds }) declare kind: Kind;
}

/** Somebody is named in a package. */
@Table('example_maintainers', { label: 'packages.Maintainer' })
export class Maintainer extends CachedModel {
  declare static objects: Manager<Maintainer>;
  declare static cache: CacheManager<Maintainer>;

  @PrimaryKey() declare id: number;
  @CachedForeignKey(() => Package, { onDelete: 'cascade' }) declare package: Related<Package>;
  declare packageId: number;
  @CachedForeignKey(() => Person, { onDelete: 'cascade' }) declare person: Related<Person>;
  declare personId: number;
  @Column({ type: 'enum', values: roles }) declare role: Role;
}

/** All models, those first that others point at. */
export const models = [License, Person, Package, Release, Installation, Dependency, Maintainer];

function distinct(ids: readonly number[]): number[] {
  return [...new Set(ids)].toSorted((left, right) => left - right);
}
