import type { ModelClassLike } from './declaration.js';
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

let known = { version: -1, byModel: new WeakMap<ModelSchema, ReadonlyMap<string, Relation>>() };

/** The relations of a model by name: its foreign keys, and those of all declared models that point at it. */
export function relationsOf(model: ModelSchema): ReadonlyMap<string, Relation> {
  if (known.version !== registryVersion()) known = { version: registryVersion(), byModel: new WeakMap() };
  const relations =
    known.byModel.get(model) ?? new Map([...toMany(model), ...linkedFrom(model), ...links(model), ...toOne(model)]);
  known.byModel.set(model, relations);
  return relations;
}

function toOne(model: ModelSchema): (readonly [string, Relation])[] {
  return [...model.byRelation].flatMap(([name, column]) => {
    if (!column.reference) return [];
    return [[name, { kind: 'toOne', name, model, target: column.reference.target(), column }] as const];
  });
}

function toMany(model: ModelSchema): (readonly [string, Relation])[] {
  return pointingAt(model).map(({ target, column, name }) => {
    const unique = column.reference?.unique ?? false;
    return [name, { kind: 'toMany', name, model, target, column, unique }] as const;
  });
}

interface Pointing {
  readonly target: ModelSchema;
  readonly column: ColumnSchema;
  readonly name: string;
}

function pointingAt(model: ModelSchema): Pointing[] {
  return inAllModels((target) =>
    target.columns.flatMap((column) => {
      const { reference } = column;
      if (reference?.relatedName === undefined || reference.target().table !== model.table) return [];
      return [{ target, column, name: reference.relatedName }];
    }),
  );
}

function links(model: ModelSchema): (readonly [string, Relation])[] {
  return [...model.links].map(([name, link]) => [name, linkOf(model, link)]);
}

function linkedFrom(model: ModelSchema): (readonly [string, Relation])[] {
  return inAllModels((other) =>
    [...other.links.values()].flatMap((link) => {
      if (link.relatedName === undefined || schemaOf(link.targetModel()).table !== model.table) return [];
      return [[link.relatedName, inverseOf(linkOf(other, link), link.relatedName)] as const];
    }),
  );
}

function inAllModels<T>(find: (model: ModelSchema) => readonly T[]): T[] {
  return allModels().flatMap((model) => {
    try {
      return find(schemaOf(model));
    } catch {
      return []; // NOTE: a model that is declared wrongly says so on its own first use; it has no rows yet
    }
  });
}
