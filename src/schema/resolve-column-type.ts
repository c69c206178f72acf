import { UsageError } from '../errors.js';
import { nearest } from '../support/nearest.js';
import type { ColumnType, ColumnTypeOptions } from './column-type.js';
import { columnTypes, isColumnTypeName, type ColumnTypeName } from './column-types.js';
import { customType, type CustomConversion } from './types/custom.js';
import { describeValue } from './types/describe-value.js';

/** A type of the user's own: two functions, and the type that what they give is stored as. */
export interface CustomType extends CustomConversion {
  /** Default 'text'. */
  readonly storedAs?: ColumnTypeName | ColumnType | undefined;
}

/** What `@Column({ … })` may say about its type. For an array the other options are those of its elements. */
export interface ColumnTypeDeclaration extends Omit<ColumnTypeOptions, 'of'> {
  readonly type?: ColumnTypeName | ColumnType | CustomType | undefined;
  /** The type of an array's elements. */
  readonly of?: ColumnTypeName | ColumnType | undefined;
}

const OPTIONS = ['maxLength', 'precision', 'scale', 'values', 'of'] as const;

/** The type of a column of which the compiler told only the property's class. */
const BY_EMITTED: ReadonlyMap<string, ColumnTypeName> = new Map([
  ['Number', 'integer'],
  ['String', 'string'],
  ['Boolean', 'boolean'],
  ['Date', 'datetime'],
  ['BigInt', 'bigint'],
  ['Buffer', 'binary'],
  ['Uint8Array', 'binary'],
]);

/**
 * The type of a column: what the decorator says, else what its options mean, else what the compiler emitted for the
 * property. Throws UsageError, beginning with `where` (such as `Document.meta`), where nothing tells, what is told is
 * wrong, or the property is declared as something that the type's values are not.
 */
export function resolveColumnType(declaration: ColumnTypeDeclaration, designType: unknown, where: string): ColumnType {
  const { type } = declaration;
  if (type === undefined) return impliedType(declaration, designType, where);
  if (typeof type === 'string') return namedType(type, declaration, designType, where);
  if (isColumnType(type)) return withoutOptions(type, declaration, where);
  if (isCustomType(type)) return customType(type, storedType(type.storedAs ?? 'text', declaration, where));
  throw new UsageError(`${where}: type is ${describeValue(type)}. Write one of: ${allNames()}.`);
}

function impliedType(declaration: ColumnTypeDeclaration, designType: unknown, where: string): ColumnType {
  const name = nameByOptions(declaration) ?? BY_EMITTED.get(emittedName(designType) ?? '');
  if (name !== undefined) return namedType(name, declaration, designType, where);
  const emitted = emittedName(designType);
  const reason =
    emitted === undefined ? 'the compiler emitted no type for it' : `the compiler emitted ${emitted} for it`;
  throw new UsageError(
    `${where}: the column's type is not known (${reason}). Write @Column({ ${exampleFor(emitted)} }), or one of: ${allNames()}.`,
  );
}

function exampleFor(emitted: string | undefined): string {
  if (emitted === undefined) return "type: 'string'";
  return emitted === 'Array' ? "type: 'array', of: 'string'" : "type: 'json'";
}

function nameByOptions({ of, values, precision, scale, maxLength }: ColumnTypeDeclaration): ColumnTypeName | undefined {
  if (of !== undefined) return 'array';
  if (values !== undefined) return 'enum';
  if (precision !== undefined || scale !== undefined) return 'decimal';
  return maxLength === undefined ? undefined : 'string';
}

function emittedName(designType: unknown): string | undefined {
  return typeof designType === 'function' ? designType.name : undefined;
}

function namedType(name: string, declaration: ColumnTypeDeclaration, designType: unknown, where: string): ColumnType {
  assertName(name, where);
  assertDeclared(name, designType, where);
  return makeType(name, declaration, where);
}

function assertName(name: string, where: string): asserts name is ColumnTypeName {
  if (isColumnTypeName(name)) return;
  const meant = nearest(name, Object.keys(columnTypes));
  const hint = meant === undefined ? '' : ` Did you mean '${meant}'?`;
  throw new UsageError(`${where}: there is no column type '${name}'.${hint} The types are: ${allNames()}.`);
}

/** Catches the property whose declared type its values would not have, such as a decimal declared as a number. */
function assertDeclared(name: ColumnTypeName, designType: unknown, where: string): void {
  const { emitted, declared } = columnTypes[name];
  const actual = emittedName(designType) ?? '';
  const fitting = BY_EMITTED.get(actual);
  if (fitting === undefined || emitted === undefined || emitted.includes(actual)) return;
  throw new UsageError(
    `${where}: the values of a column of type '${name}' are ${declared}, but the property is declared ` +
      `${columnTypes[fitting].declared}. Declare it ${declared}, or write type: '${fitting}'.`,
  );
}

function makeType(name: ColumnTypeName, declaration: ColumnTypeDeclaration, where: string): ColumnType {
  if (name === 'array') return arrayOf(declaration, where);
  const entry = columnTypes[name];
  const options = givenOptions(declaration);
  rejectOptions(
    name,
    options.filter((option) => !entry.options.includes(option)),
    where,
  );
  return entry.make(pick(declaration), where);
}

function arrayOf({ of, ...elementOptions }: ColumnTypeDeclaration, where: string): ColumnType {
  const element = of === undefined ? undefined : storedType(of, elementOptions, where);
  return columnTypes.array.make({ of: element }, where);
}

/** The type that elements or a custom type's values are stored as. */
function storedType(type: ColumnTypeName | ColumnType, declaration: ColumnTypeDeclaration, where: string): ColumnType {
  if (typeof type !== 'string') return withoutOptions(type, declaration, where);
  assertName(type, where);
  return makeType(type, declaration, where);
}

function withoutOptions(type: ColumnType, declaration: ColumnTypeDeclaration, where: string): ColumnType {
  if (!isColumnType(type)) {
    throw new UsageError(`${where}: ${describeValue(type)} is no column type. Write one of: ${allNames()}.`);
  }
  rejectOptions(type.name, givenOptions(declaration), where);
  return type;
}

function givenOptions(declaration: ColumnTypeDeclaration): (keyof ColumnTypeOptions)[] {
  return OPTIONS.filter((option) => declaration[option] !== undefined);
}

function rejectOptions(name: string, options: readonly string[], where: string): void {
  const [option] = options;
  if (option === undefined) return;
  const takers = Object.entries(columnTypes).filter(([, { options: taken }]) => taken.some((one) => one === option));
  throw new UsageError(
    `${where}: a column of type '${name}' takes no ${option}; that is for ${takers.map(([taker]) => taker).join(', ')}. Leave it out.`,
  );
}

function pick({ maxLength, precision, scale, values }: ColumnTypeDeclaration): ColumnTypeOptions {
  return { maxLength, precision, scale, values };
}

function isColumnType(type: unknown): type is ColumnType {
  return isObject(type) && 'encode' in type && 'fromDatabase' in type && 'signature' in type;
}

function isCustomType(type: unknown): type is CustomType {
  return isObject(type) && typeof type['toDatabase'] === 'function' && typeof type['fromDatabase'] === 'function';
}

function isObject(type: unknown): type is Record<string, unknown> {
  return typeof type === 'object' && type !== null;
}

function allNames(): string {
  return [...Object.keys(columnTypes), 'or { toDatabase, fromDatabase }'].join(', ');
}
