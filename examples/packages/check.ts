import { isDeepStrictEqual } from 'node:util';
import type { Knex } from 'knex';
import type { Picture } from './browse.js';

/** The same as the tour sees, by SQL alone: no models, no cache. */
export async function pictureBySql(knex: Knex): Promise<Picture> {
  return {
    dependents: await dependents(knex),
    releases: await releases(knex),
    licenses: await licenses(knex),
    people: await people(knex),
  };
}

/** The names of what differs between two pictures. */
export function differences(seen: Picture, expected: Picture): string[] {
  return (['dependents', 'releases', 'licenses', 'people'] as const).flatMap((part) =>
    Object.keys({ ...seen[part], ...expected[part] })
      .filter((name) => !isDeepStrictEqual(seen[part][name], expected[part][name]))
      .map((name) => `${part} of ${name}`),
  );
}

async function dependents(knex: Knex): Promise<Picture['dependents']> {
  const packages: { id: number; name: string }[] = await knex('example_packages').select('id', 'name');
  const [direct, all] = [await countDependents(knex, 'needs'), await countDependents(knex, 'reaches')];
  return Object.fromEntries(packages.map(({ id, name }) => [name, [direct.get(id) ?? 0, all.get(id) ?? 0]]));
}

/** How many packages need each package directly, or reach it over any number of steps. */
async function countDependents(knex: Knex, relation: 'needs' | 'reaches'): Promise<Map<number, number>> {
  const rows = await knex
    .withRecursive('needs', ['dependent', 'package'], (query) => {
      void query
        .distinct('r.package_id', 'd.package_id')
        .from('example_dependencies as d')
        .join('example_releases as r', 'r.id', 'd.release_id')
        .whereRaw('r.package_id <> d.package_id');
    })
    .withRecursive('reaches', ['dependent', 'package'], (query) => {
      void query
        .select('dependent', 'package')
        .from('needs')
        .union((more) => {
          void more
            .select('n.dependent', 'reaches.package')
            .from('reaches')
            .join('needs as n', 'n.package', 'reaches.dependent');
        });
    })
    .select('package')
    .count('* as count')
    .from(relation)
    .whereRaw('dependent <> package')
    .groupBy('package');
  return new Map(rows.map(({ package: id, count }) => [Number(id), Number(count)]));
}

async function releases(knex: Knex): Promise<Picture['releases']> {
  const rows: { name: string; version: string; license: string; path: string }[] = await knex('example_packages as p')
    .join('example_releases as r', 'r.package_id', 'p.id')
    .join('example_licenses as l', 'l.id', 'r.license_id')
    .join('example_installations as i', 'i.release_id', 'r.id')
    .select('p.name', 'r.version', 'l.name as license', 'i.path')
    .orderBy('r.id');
  const found: Record<string, string[]> = {};
  for (const { name, version, license, path } of rows) (found[name] ??= []).push(`${version} (${license}) in ${path}`);
  return found;
}

async function licenses(knex: Knex): Promise<Picture['licenses']> {
  const rows: { name: string; count: unknown }[] = await knex('example_licenses as l')
    .leftJoin('example_releases as r', 'r.license_id', 'l.id')
    .groupBy('l.name')
    .select('l.name')
    .count('r.id as count');
  const all = rows.reduce((sum, { count }) => sum + Number(count), 0);
  return Object.fromEntries(
    rows.map(({ name, count }) => [name, [Number(count), Math.round((100 * Number(count)) / (all || 1))]]),
  );
}

async function people(knex: Knex): Promise<Picture['people']> {
  const rows: { identity: string; count: unknown }[] = await knex('example_people as p')
    .leftJoin('example_maintainers as m', 'm.person_id', 'p.id')
    .groupBy('p.identity')
    .select('p.identity')
    .countDistinct('m.package_id as count');
  return Object.fromEntries(rows.map(({ identity, count }) => [identity, Number(count)]));
}
