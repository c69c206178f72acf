import { UsageError } from '../../errors.js';
import { declarationOf, type ModelReference } from '../../schema/declaration.js';
import { nearest } from '../../support/nearest.js';
import { defineLinkAccessor } from '../link-accessor.js';
import { assertOptions, decoratedProperty } from './decorated-property.js';

/** What `@ManyToMany` may say. */
export interface ManyToManyOptions {
  /** The name of the accessor on the other model: `tag.documents`. */
  readonly relatedName?: string;
  /** A model of your own whose rows are the links, with a foreign key to each side; default: a table of two columns. */
  readonly through?: ModelReference;
  /** The foreign key of `through` that points here, where several could. */
  readonly from?: string;
  /** The foreign key of `through` that points at the other model, where several could. */
  readonly to?: string;
  /** Of links of a model with itself: each holds in both directions. Default there, unless there is a `relatedName`. */
  readonly symmetrical?: boolean;
  /** The link table's name; default: the model's table and the property's name, such as `documents_tags`. */
  readonly table?: string;
  /** Its two columns: of this model's key and of the other's; default: such as `['document_id', 'tag_id']`. */
  readonly columns?: readonly [string, string];
}

const optionNames: readonly string[] = ['relatedName', 'through', 'from', 'to', 'symmetrical', 'table', 'columns'];

/**
 * Links any number of rows here to any number of rows of another model: `document.tags` is a `RelatedSet`. Without
 * `through` the links are rows of a table of two columns, which `createTables` makes.
 */
export function ManyToMany(
  target: ModelReference,
  options: ManyToManyOptions = {},
): (prototype: object, key: string | symbol) => void {
  assertOptions('ManyToMany', options);
  return (prototype, key) => {
    const { model, name, where } = decoratedProperty('ManyToMany', prototype, key);
    checkOptions(where, target, options);
    const { relatedName, symmetrical, through, from, to, table, columns } = options;
    declarationOf(model).links.set(name, {
      property: name,
      target,
      relatedName,
      symmetrical,
      through,
      from,
      to,
      table,
      columns,
    });
    defineLinkAccessor(prototype, name);
  };
}

function checkOptions(where: string, target: ModelReference, options: ManyToManyOptions): void {
  for (const name of Object.keys(options)) {
    if (optionNames.includes(name)) continue;
    const hint = nearest(name, optionNames);
    const help = hint ? `did you mean '${hint}'?` : `use ${optionNames.join(', ')}`;
    throw new UsageError(`${where}: unknown option '${name}'; ${help}`);
  }
  assertReference(where, '@ManyToMany(target)', target);
  if (options.through !== undefined) assertReference(where, 'through', options.through);
  checkTogether(where, options);
}

function assertReference(where: string, what: string, value: unknown): void {
  if (typeof value === 'string' || typeof value === 'function') return;
  throw new UsageError(
    `${where}: ${what} got ${String(value)}; write a function, () => Model, or a label. ` +
      `A class whose module is still loading is undefined here.`,
  );
}

function checkTogether(where: string, options: ManyToManyOptions): void {
  const { through, from, to, table, columns, symmetrical, relatedName } = options;
  assertColumns(where, columns);
  if (through !== undefined && (table !== undefined || columns !== undefined)) {
    throw new UsageError(`${where}: table and columns are for links without through; the through model names its own`);
  }
  if (through === undefined && (from !== undefined || to !== undefined)) {
    throw new UsageError(`${where}: from and to name foreign keys of a through model, and there is none`);
  }
  if (symmetrical === true && relatedName !== undefined) {
    throw new UsageError(`${where}: symmetrical links have no other side that relatedName could name; leave one out`);
  }
}

function assertColumns(where: string, columns: unknown): void {
  if (columns === undefined) return;
  if (Array.isArray(columns) && columns.length === 2 && columns[0] !== columns[1]) return;
  throw new UsageError(`${where}: columns takes two names, such as ['document_id', 'tag_id']`);
}
