import { UsageError } from '../../errors.js';
import type { Lookup } from '../../schema/condition.js';
import type { ColumnSchema, ModelSchema } from '../../schema/model-schema.js';
import { findRelation, relationsOf, type Relation } from '../../schema/relations.js';
import { nearest } from '../../support/nearest.js';
import { isLookup, lookups } from './lookups.js';
import { assertJsonPath } from './json-path.js';

/** What a name such as `createdBy__username__in` means. */
export interface ResolvedName {
  /** The name as it was written. */
  readonly name: string;
  /** The relations from the query's model to the model of `column`. */
  readonly path: readonly Relation[];
  /** The model that `path` leads to. */
  readonly model: ModelSchema;
  /** The column that is compared; undefined where the last relation itself is: its rows, or that there are any. */
  readonly column: ColumnSchema | undefined;
  readonly lookup: Lookup;
  readonly json: readonly string[] | undefined;
}

/** What names that begin with a column mean, for good: no model that is declared later changes that. */
const ofColumns = new WeakMap<ModelSchema, Map<string, ResolvedName>>();

/** Throws UsageError, with the nearest name that there is, for names that mean nothing. */
export function resolveName(model: ModelSchema, name: string): ResolvedName {
  const names = ofColumns.get(model) ?? new Map<string, ResolvedName>();
  const found = names.get(name);
  if (found) return found;
  const resolved = resolve(model, name);
  // NOTE: not those into JSON, of which there is no end
  if (resolved.json === undefined && resolved.column && isOfColumn(name, resolved.column)) {
    ofColumns.set(model, names.set(name, resolved));
  }
  return resolved;
}

function isOfColumn(name: string, { property }: ColumnSchema): boolean {
  return name === property || name.startsWith(`${property}__`);
}

function resolve(model: ModelSchema, name: string): ResolvedName {
  const segments = name.split('__');
  const path: Relation[] = [];
  let current = model;
  for (const [index, segment] of segments.entries()) {
    const rest = segments.slice(index + 1);
    const column = current.byProperty.get(segment);
    if (column) return withColumn({ name, path, model: current }, column, rest);
    const relation = relationNamed(current, segment);
    path.push(relation);
    current = relation.target;
    if (endsWithLookup(current, rest)) return withRelation({ name, path, model: current }, rest[0]);
  }
  throw new UsageError(`${model.label}: '${name}' names no column`); // NOTE: never; a last relation ends above
}

/** The relation of this name. Throws UsageError where there is none, or it leads to another database. */
export function relationNamed(model: ModelSchema, name: string): Relation {
  const relation = findRelation(model, name);
  if (!relation) throw unknownName(model, name);
  if (relation.target.connection === model.connection) return relation;
  throw new UsageError(
    `${model.label}: '${name}' leads to ${relation.target.label} on the connection '${relation.target.connection}'; one statement reads one database`,
  );
}

export function unknownName(model: ModelSchema, name: string): UsageError {
  const hint = nearest(name, [...model.byProperty.keys(), ...relationsOf(model).keys()]);
  return new UsageError(`${model.label} has no column '${name}'${hint ? `; did you mean '${hint}'?` : ''}`);
}

type Place = Pick<ResolvedName, 'name' | 'path' | 'model'>;

/** A name may end after a relation. NOTE: a column that is called like a lookup is the column. */
function endsWithLookup(target: ModelSchema, rest: readonly string[]): boolean {
  const [next] = rest;
  if (next === undefined) return true;
  return rest.length === 1 && isLookup(next) && !target.byProperty.has(next) && !relationsOf(target).has(next);
}

function withRelation(place: Place, lookup: string | undefined): ResolvedName {
  const relation = place.path.at(-1);
  const known = isLookup(lookup) ? lookup : 'exact';
  if (relation?.kind !== 'toOne') return { ...place, column: undefined, lookup: known, json: undefined };
  return withoutTarget(place, relation.column, { lookup: known, json: undefined });
}

function withColumn(place: Place, column: ColumnSchema, rest: readonly string[]): ResolvedName {
  if (column.type.name === 'json' && rest.length > 0 && rest.join() !== 'isnull') {
    return withinJson(place, column, rest);
  }
  const [lookup = 'exact', ...more] = rest;
  if (!isLookup(lookup) || more.length > 0) throw unknownLookup(place, lookup);
  const through = place.path.at(-1);
  const end = { lookup, json: undefined };
  if (through?.kind !== 'toOne' || column !== place.model.primaryKey) return { ...place, column, ...end };
  return withoutTarget(place, through.column, end);
}

function withinJson(place: Place, column: ColumnSchema, rest: readonly string[]): ResolvedName {
  const last = rest.at(-1);
  const lookup = isLookup(last) ? last : 'exact';
  const json = isLookup(last) ? rest.slice(0, -1) : rest;
  assertJsonPath(place.name, json);
  return { ...place, column, lookup, json: json.length > 0 ? json : undefined };
}

/** What is said of the key of the row that a foreign key points at is said of the foreign key's own column. */
function withoutTarget(
  { name, path }: Place,
  key: ColumnSchema,
  end: Pick<ResolvedName, 'lookup' | 'json'>,
): ResolvedName {
  const relation = path.at(-1);
  const shorter = path.slice(0, -1);
  const before = shorter.at(-1);
  const model = relation?.model ?? path[0]?.model;
  if (!model) throw new TypeError('a relation starts at a model');
  // NOTE: a foreign key may be the primary key that another foreign key points at
  if (before?.kind === 'toOne' && key === model.primaryKey) {
    return withoutTarget({ name, path: shorter, model }, before.column, end);
  }
  return { name, path: shorter, model, column: key, ...end };
}

function unknownLookup({ model, name }: Place, lookup: string): UsageError {
  const hint = nearest(lookup, lookups);
  const help = hint ? `did you mean '${hint}'?` : `use one of ${lookups.join(', ')}`;
  return new UsageError(`${model.label}: '${name}' uses an unknown lookup '${lookup}'; ${help}`);
}
