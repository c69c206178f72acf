import type { ColumnType } from './column-type.js';
import type { ModelSchema, OnDelete } from './model-schema.js';
import type { Row } from './cell.js';
import type { Relation } from './relations.js';

/** A model named before it exists: a class, a function that gives it, or a label. */
export type ModelReference = ModelClassLike | (() => ModelClassLike) | string;

/** Any model class, as far as the schema cares. */
export type ModelClassLike = abstract new (...args: never[]) => object;

/** What one `@Column`, `@PrimaryKey`, `@Version` or foreign key decorator said. */
export interface ColumnDeclaration {
  readonly property: string;
  readonly column: string | undefined;
  /** Known at once, or taken from the target's primary key once the target exists. */
  readonly type: ColumnType | undefined;
  readonly nullable: boolean;
  readonly unique: boolean;
  readonly index: boolean;
  readonly primaryKey: boolean;
  readonly generated: boolean;
  readonly default: unknown;
  readonly version: boolean;
  readonly volatile: boolean;
  readonly validate: ((value: unknown) => string | undefined | void) | undefined;
  readonly reference: ReferenceDeclaration | undefined;
  /** The property that answers with the rows whose keys are listed in this column. */
  readonly list?: string | undefined;
}

/** Loads what a foreign key points at: from the database or through the cache. */
export type ReferenceLoader = (target: ModelClassLike, key: unknown) => Promise<object>;

export interface ReferenceDeclaration {
  readonly property: string;
  readonly target: ModelReference;
  readonly onDelete: OnDelete;
  readonly load: ReferenceLoader;
  readonly cached: boolean;
  readonly relatedName: string | undefined;
}

/** What one `@ManyToMany` said. */
export interface LinkDeclaration {
  readonly property: string;
  readonly target: ModelReference;
  readonly relatedName: string | undefined;
  readonly symmetrical: boolean | undefined;
  /** A model of the user's that holds the links; undefined where the library makes the link table's. */
  readonly through: ModelReference | undefined;
  /** The foreign key of `through` that points here, where it has several that could. */
  readonly from: string | undefined;
  /** The foreign key of `through` that points at the target, where it has several that could. */
  readonly to: string | undefined;
  /** The link table's name; default: that of the model's table and the property's. */
  readonly table: string | undefined;
  /** The link table's two columns: of this model's key and of the target's. */
  readonly columns: readonly [string, string] | undefined;
}

/** When a hook runs. */
export type HookMoment = 'beforeSave' | 'afterSave' | 'beforeDelete' | 'afterDelete' | 'afterCommit';

/** Makes the function that turns rows into instances of one class. */
export type HydratorFactory = (model: ModelClassLike, schema: ModelSchema) => (row: Row) => object;

/** Gives an instance the rows of a relation, so that its accessor answers them without a query. */
export type RelationAttacher = (instance: object, relation: Relation, rows: object | null) => void;

/** What the decorators on one class said; its parents' are kept with the parents. */
export interface ModelDeclaration {
  table: { readonly name: string; readonly label: string; readonly connection: string } | undefined;
  readonly columns: Map<string, ColumnDeclaration>;
  /** Columns that are known only once other models are: those of a link table. */
  lateColumns: (() => readonly ColumnDeclaration[]) | undefined;
  readonly links: Map<string, LinkDeclaration>;
  /** The models of the link tables that the library makes for `links`, by property. */
  readonly linkModels: Map<string, ModelClassLike>;
  /** Set by the class at the root of all models, as the next. */
  hydrator: HydratorFactory | undefined;
  attach: RelationAttacher | undefined;
  readonly hooks: { readonly moment: HookMoment; readonly method: string }[];
}

const declarations = new WeakMap<object, ModelDeclaration>();

/** What was declared on exactly this class; made on first use. */
export function declarationOf(model: object): ModelDeclaration {
  let declaration = declarations.get(model);
  if (!declaration) {
    declaration = {
      table: undefined,
      columns: new Map(),
      lateColumns: undefined,
      links: new Map(),
      linkModels: new Map(),
      hydrator: undefined,
      attach: undefined,
      hooks: [],
    };
    declarations.set(model, declaration);
  }
  return declaration;
}

/** The declarations of a class and all it inherits from, the most basic one first. */
export function declarationChain(model: object): ModelDeclaration[] {
  const chain: ModelDeclaration[] = [];
  for (let current: unknown = model; typeof current === 'function'; current = Object.getPrototypeOf(current)) {
    const declaration = declarations.get(current);
    if (declaration) chain.unshift(declaration);
  }
  return chain;
}

/** The many-to-many relations of a class and all it inherits from, by property. */
export function linkDeclarations(model: object): ReadonlyMap<string, LinkDeclaration> {
  return new Map(declarationChain(model).flatMap(({ links }) => [...links]));
}
