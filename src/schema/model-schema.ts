import type { Cell, Row } from './cell.js';
import type { ColumnType } from './column-type.js';
import type { Relation } from './relations.js';
import type { LinkDeclaration, ModelClassLike } from './declaration.js';

/** One column of a model. */
export interface ColumnSchema {
  /** The property on instances. For a foreign key the raw key, such as `createdById`. */
  readonly property: string;
  /** The column's name in the database. */
  readonly name: string;
  /** Its place in a Row. */
  readonly position: number;
  readonly type: ColumnType;
  readonly nullable: boolean;
  readonly unique: boolean;
  readonly index: boolean;
  readonly primaryKey: boolean;
  /** Filled by the database on insert (auto-increment). */
  readonly generated: boolean;
  /** A value, or a function that makes one, for new instances that say nothing. */
  readonly default: unknown;
  /** Counts up on every update: optimistic locking. */
  readonly version: boolean;
  /** Changes so often that only what shows, filters or orders by it is invalidated by that. */
  readonly volatile: boolean;
  /** True where condition stamps may be made of this column's values (`invalidation/`). */
  readonly condition: boolean;
  /** A rule of the user's: a text is what is wrong. */
  readonly validate: ((value: unknown) => string | undefined | void) | undefined;
  readonly reference: ReferenceSchema | undefined;
  /** The property that answers with the rows whose keys are listed in this column. */
  readonly list: string | undefined;
}

/** What happens to rows that point at a row that is deleted. The database does it; the library knows of it. */
export type OnDelete = 'cascade' | 'set null' | 'restrict';

/** How a foreign key points at another model. */
export interface ReferenceSchema {
  /** The property that answers with the other row, such as `createdBy`. */
  readonly property: string;
  /** The model pointed at; resolved on first use. */
  readonly target: () => ModelSchema;
  /** The class pointed at. */
  readonly targetModel: () => ModelClassLike;
  readonly onDelete: OnDelete;
  /** Read through the cache. */
  readonly cached: boolean;
  /** At most one row points at a row: a one-to-one. */
  readonly unique: boolean;
  /** The accessor on the other model, if any. */
  readonly relatedName: string | undefined;
}

/** A many-to-many relation of a model. What it needs of other models is resolved on first use (`many-to-many.ts`). */
export interface LinkSchema extends LinkDeclaration {
  /** The class that declares it. */
  readonly model: ModelClassLike;
  readonly targetModel: () => ModelClassLike;
  /** The model whose rows are the links. */
  readonly throughModel: () => ModelClassLike;
}

/** What a model is, as plain data. Made once, on first use of the model. */
export interface ModelSchema {
  readonly label: string;
  readonly table: string;
  /** The name of the connection it lives on. */
  readonly connection: string;
  readonly columns: readonly ColumnSchema[];
  /** Of a link table the first of the two columns that are its key together. */
  readonly primaryKey: ColumnSchema;
  /** True for a link table that the library made: its rows are pairs of keys. */
  readonly isPairs: boolean;
  readonly version: ColumnSchema | undefined;
  /** A column by its property. */
  readonly byProperty: ReadonlyMap<string, ColumnSchema>;
  /** A foreign key's column by the property of its relation. */
  readonly byRelation: ReadonlyMap<string, ColumnSchema>;
  /** A column that lists keys by the property that answers with their rows. */
  readonly lists: ReadonlyMap<string, ColumnSchema>;
  /** Its many-to-many relations by property. */
  readonly links: ReadonlyMap<string, LinkSchema>;
  /** Changes when anything does that gives a stored row another meaning. */
  readonly fingerprint: string;
  /** Whether instances have a property or method of this name, of their own class or of one that it extends. */
  hasMember(name: string): boolean;
  /** Makes an instance of a row that came from the database or the cache. */
  hydrate(row: Row): object;
  /** Gives an instance the row (or null) of a relation, or its rows as an array: its accessor then asks nobody. */
  attach(instance: object, relation: Relation, rows: object | null): void;
}

/** The cell of a row's primary key; of a link table's row one text of both of its keys. */
export function primaryKeyOf(model: ModelSchema, row: Row): Cell {
  if (model.isPairs) return JSON.stringify(row);
  return row[model.primaryKey.position] ?? null;
}
