import { UsageError } from '../errors.js';
import type { ModelClassLike } from './declaration.js';
import { isInherited } from './inherited-relation.js';
import { inverseOf, linkOf } from './many-to-many.js';
import type { ColumnSchema, ModelSchema } from './model-schema.js';
import { allModels, registryVersion } from './registry.js';
import { schemaOf } from './schema-of.js';

/** A foreign key, seen from the model that has it: at most one row there for each row here. */
export interface ToOneRelation {
  readonly kind: 'toOne';
  /** The property that answers with the other row. */
  readonly name: string;
  readonly model: ModelSchema;
  readonly target: ModelSchema;
  /** The key's column, in `model`. */
  readonly column: ColumnSchema;
}

/** A foreign key, seen from the model that it points at: any number of rows there for each row here. */
export interface ToManyRelation {
  readonly kind: 'toMany';
  /** The foreign key's `relatedName`. */
  readonly name: string;
  readonly model: ModelSchema;
  readonly target: ModelSchema;
  /** The key's column, in `target`. */
  readonly column: ColumnSchema;
  /** At most one row there: a one-to-one. */
  readonly unique: boolean;
}

/** Pairs of rows, kept as rows of a third table. */
export interface ManyToManyRelation {
  readonly kind: 'manyToMany';
  readonly name: string;
  readonly model: ModelSchema;
  readonly target: ModelSchema;
  /** The table that holds the pairs. */
  readonly through: ModelSchema;
  /** The column of `through` that points at `model`. */
  readonly near: ColumnSchema;
  /** The column of `through` that points at `target`. */
  readonly far: ColumnSchema;
  /** The class of `model`. */
  readonly nearModel: ModelClassLike;
  /** The class of `target`. */
  readonly farModel: ModelClassLike;
  readonly throughModel: ModelClassLike;
  /** Each link holds in both directions, as two rows. */
  readonly symmetrical: boolean;
}

/** How rows of one model lead to rows of another, seen from `model`. */
export type Relation = ToOneRelation | ToManyRelation | ManyToManyRelation;

/** A relation with the place where it is declared. */
interface Declared {
  readonly relation: Relation;
  readonly where: string;
}

interface Relations {
  readonly byName: ReadonlyMap<string, Relation>;
  /** Names that two relations have, with the places of both. */
  readonly doubles: ReadonlyMap<string, readonly [string, string]>;
}

let known = { version: -1, byModel: new WeakMap<ModelSchema, Relations>() };

/** The relations of a model by name: its foreign keys, and those of all declared models that point at it. */
export function relationsOf(model: ModelSchema): ReadonlyMap<string, Relation> {
  return knownRelations(model).byName;
}

/** The relation of this name, if there is one. Throws UsageError where there are two. */
export function findRelation(model: ModelSchema, name: string): Relation | undefined {
  const { byName, doubles } = knownRelations(model);
  const double = doubles.get(name);
  if (!double) return byName.get(name);
  throw new UsageError(
    `${model.label} has two relations '${name}', by ${double.join(' and by ')}; give each a relatedName of its own`,
  );
}

function knownRelations(model: ModelSchema): Relations {
  if (known.version !== registryVersion()) known = { version: registryVersion(), byModel: new WeakMap() };
  const relations = known.byModel.get(model) ?? findRelations(model);
  known.byModel.set(model, relations);
  return relations;
}

/** NOTE: the model's own relations come last, since they are what a name means that points at it too. */
function findRelations(model: ModelSchema): Relations {
  const pointing = new Map<string, Declared>();
  const doubles = new Map<string, readonly [string, string]>();
  for (const declared of [...toMany(model), ...linkedFrom(model)]) {
    const { name } = declared.relation;
    const other = pointing.get(name);
    if (other && identityOf(other.relation) !== identityOf(declared.relation)) {
      doubles.set(name, [other.where, declared.where]);
    }
    pointing.set(name, declared);
  }
  const own = [...links(model), ...toOne(model)];
  for (const { name } of own) doubles.delete(name);
  const all = [...[...pointing.values()].map(({ relation }) => relation), ...own];
  return { byName: new Map(all.map((relation) => [relation.name, relation])), doubles };
}

/** The same for one relation that is declared twice, as by two models of one table. */
function identityOf(relation: Relation): string {
  if (relation.kind !== 'manyToMany') return `${relation.target.table} ${relation.column.name}`;
  return `${relation.through.table} ${relation.near.name} ${relation.far.name}`;
}

function toOne(model: ModelSchema): Relation[] {
  return [...model.byRelation].flatMap(([name, column]) => {
    if (!column.reference) return [];
    return [{ kind: 'toOne', name, model, target: column.reference.target(), column } as const];
  });
}

function toMany(model: ModelSchema): Declared[] {
  return inAllModels((target, declaring) =>
    target.columns.flatMap((column) => {
      const { reference } = column;
      if (reference?.relatedName === undefined || reference.target().table !== model.table) return [];
      if (isInherited(declaring, column.property)) return [];
      const { relatedName: name, unique, property } = reference;
      return [
        { relation: { kind: 'toMany', name, model, target, column, unique }, where: `${target.label}.${property}` },
      ];
    }),
  );
}

function links(model: ModelSchema): Relation[] {
  return [...model.links.values()].map((link) => linkOf(model, link));
}

function linkedFrom(model: ModelSchema): Declared[] {
  return inAllModels((other, declaring) =>
    [...other.links.values()].flatMap((link) => {
      if (link.relatedName === undefined || schemaOf(link.targetModel()).table !== model.table) return [];
      if (isInherited(declaring, link.property)) return [];
      return [{ relation: inverseOf(linkOf(other, link), link.relatedName), where: `${other.label}.${link.property}` }];
    }),
  );
}

function inAllModels<T>(find: (schema: ModelSchema, declaring: ModelClassLike) => readonly T[]): T[] {
  return allModels().flatMap((model) => {
    try {
      return find(schemaOf(model), model);
    } catch {
      return []; // NOTE: a model that is declared wrongly says so on its own first use; it has no rows yet
    }
  });
}
