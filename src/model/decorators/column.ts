import { UsageError } from '../../errors.js';
import { declarationOf, type ColumnDeclaration } from '../../schema/declaration.js';
import { resolveColumnType, type ColumnTypeDeclaration } from '../../schema/resolve-column-type.js';
import { nearest } from '../../support/nearest.js';
import { assertOptions, decoratedProperty, type DecoratedProperty } from './decorated-property.js';

/** What `@Column({ … })` may say. */
export interface ColumnOptions extends ColumnTypeDeclaration {
  /** The column's name in the database; default: the property's name by the connection's convention. */
  readonly name?: string;
  /** Takes null; default: no. */
  readonly nullable?: boolean;
  /** No two rows have the same value: `cache.get({ slug })` then works. */
  readonly unique?: boolean;
  /** Has an index: cached results that depend on one of its values are then invalidated by that value alone. */
  readonly index?: boolean;
  /** The value of new instances that say nothing, or a function that makes it. */
  readonly default?: unknown;
  /** The database fills it in on insert. */
  readonly generated?: boolean;
  /** Changes often, such as a counter: a change of it alone invalidates only what shows, filters or orders by it. */
  readonly volatile?: boolean;
  /** Answers what is wrong with a value, if anything; called before each write. */
  readonly validate?: (value: never) => string | undefined | void;
}

const columnOptions =
  'type, of, maxLength, precision, scale, values, name, nullable, unique, index, default, generated, volatile, validate'.split(
    ', ',
  );

/** Makes a property a column. Throws UsageError at once where its type is not known or an option is wrong. */
export function Column(options: ColumnOptions = {}): (target: object, key: string | symbol) => void {
  assertOptions('Column', options);
  return (target, key) => {
    const property = decoratedProperty('Column', target, key);
    declareColumn(property, options, {});
  };
}

/** Makes a property the primary key: an integer that the database counts up unless its type says otherwise. */
export function PrimaryKey(options: ColumnOptions = {}): (target: object, key: string | symbol) => void {
  assertOptions('PrimaryKey', options);
  return (target, key) => {
    const property = decoratedProperty('PrimaryKey', target, key);
    const emitted = typeof property.designType === 'function' && property.designType !== Object;
    const typed = emitted || options.type !== undefined || options.maxLength !== undefined;
    const declared: ColumnOptions = typed ? options : { ...options, type: 'integer' };
    declareColumn(property, declared, { primaryKey: true });
  };
}

/** Makes a property count the updates of its row. A save or delete of an instance that read an older count throws StaleRecordError. */
export function Version(options: Pick<ColumnOptions, 'name'> = {}): (target: object, key: string | symbol) => void {
  assertOptions('Version', options);
  return (target, key) => {
    declareColumn(decoratedProperty('Version', target, key), { ...options, type: 'integer' }, { version: true });
  };
}

function declareColumn(
  property: DecoratedProperty,
  options: ColumnOptions,
  role: { primaryKey?: boolean; version?: boolean },
): void {
  rejectUnknownOptions(property, options);
  const type = resolveColumnType(options, property.designType, property.where);
  const countedUp = role.primaryKey === true && (type.name === 'integer' || type.name === 'bigint');
  const declaration: ColumnDeclaration = {
    property: property.name,
    column: options.name,
    type,
    nullable: options.nullable ?? false,
    unique: options.unique ?? false,
    index: options.index ?? false,
    primaryKey: role.primaryKey ?? false,
    generated: options.generated ?? (countedUp && options.default === undefined),
    default: options.default,
    version: role.version ?? false,
    volatile: options.volatile ?? role.version ?? false,
    validate: options.validate as ColumnDeclaration['validate'], // called only with values that the column's type takes
    reference: undefined,
  };
  rejectWrongDefault(property, declaration);
  declarationOf(property.model).columns.set(property.name, declaration);
}

function rejectUnknownOptions({ where }: DecoratedProperty, options: ColumnOptions): void {
  for (const name of Object.keys(options)) {
    if (columnOptions.includes(name)) continue;
    const hint = nearest(name, columnOptions);
    throw new UsageError(
      `${where}: unknown option '${name}'${hint ? `; did you mean '${hint}'?` : `; use ${columnOptions.join(', ')}`}`,
    );
  }
}

function rejectWrongDefault({ where }: DecoratedProperty, { default: value, type }: ColumnDeclaration): void {
  if (value === undefined || value === null || typeof value === 'function') return;
  try {
    type?.encode(value);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`${where}: the default is no ${type?.name ?? 'value'} (it ${reason})`, { cause: error });
  }
}
