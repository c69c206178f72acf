import { UsageError } from '../errors.js';
import { hashText } from '../support/hash.js';
import type { Row } from './cell.js';
import {
  declarationChain,
  declarationOf,
  linkDeclarations,
  type ColumnDeclaration,
  type LinkDeclaration,
  type ModelClassLike,
} from './declaration.js';
import type { ColumnSchema, LinkSchema, ModelSchema, ReferenceSchema } from './model-schema.js';
import { snakeCase, type Naming } from './naming.js';
import { resolveModel } from './registry.js';

const namings = new Map<string, Naming>();
let schemas = new WeakMap<object, ModelSchema>();
let generation = 0;

/** Sets how columns of models on a connection are named where the model does not say. Schemas are made anew. */
export function setNaming(connection: string, naming: Naming | undefined): void {
  if (naming) namings.set(connection, naming);
  else namings.delete(connection);
  schemas = new WeakMap();
  generation += 1;
}

/** Another number when schemas are made anew; until then a model has the schema that it had. */
export function schemaGeneration(): number {
  return generation;
}

/** The schema of a model class, made from its decorators on first use. Throws UsageError for a wrong declaration. */
export function schemaOf(model: ModelClassLike): ModelSchema {
  const known = schemas.get(model);
  if (known) return known;
  const schema = buildSchema(model);
  schemas.set(model, schema);
  return schema;
}

function buildSchema(model: ModelClassLike): ModelSchema {
  const { table } = declarationOf(model);
  if (!table) throw new UsageError(`${model.name} has no table. Write @Table('name') above the class.`);
  const columns = collectColumns(model, namings.get(table.connection) ?? snakeCase);
  const isPairs = declarationOf(model).lateColumns !== undefined;
  const primaryKey = (isPairs ? columns[0] : undefined) ?? onlyPrimaryKey(model, columns);
  rejectSharedNames(model, columns);
  const schema: ModelSchema = {
    label: table.label,
    table: table.name,
    connection: table.connection,
    columns,
    primaryKey,
    isPairs,
    version: columns.find((column) => column.version),
    byProperty: new Map(columns.map((column) => [column.property, column])),
    byRelation: new Map(columns.flatMap((column) => (column.reference ? [[column.reference.property, column]] : []))),
    lists: new Map(columns.flatMap((column) => (column.list === undefined ? [] : [[column.list, column]]))),
    links: new Map([...linkDeclarations(model)].map(([name, link]) => [name, toLink(model, link)])),
    fingerprint: '',
    hasMember: (name) => name in (model.prototype as object),
    hydrate: () => ({}),
    attach: declarationChain(model).find((declaration) => declaration.attach)?.attach ?? (() => undefined),
  };
  return Object.assign(schema, { fingerprint: fingerprintOf(schema), hydrate: hydratorOf(model, schema) });
}

function collectColumns(model: ModelClassLike, naming: Naming): ColumnSchema[] {
  const declared = new Map<string, ColumnDeclaration>();
  for (const declaration of declarationChain(model)) {
    for (const [property, column] of declaration.columns) declared.set(property, column);
    for (const column of declaration.lateColumns?.() ?? []) declared.set(column.property, column);
  }
  return [...declared.values()].map((column, position) => toColumn(model, column, { naming, position }));
}

function toColumn(
  model: ModelClassLike,
  declaration: ColumnDeclaration,
  { naming, position }: { naming: Naming; position: number },
): ColumnSchema {
  const { property, reference } = declaration;
  const type = declaration.type ?? keyTypeOfTarget(model, declaration);
  const { nullable, unique, index, primaryKey, generated, version, volatile, validate } = declaration;
  return {
    property,
    name: declaration.column ?? naming(property),
    position,
    type,
    nullable,
    unique,
    index,
    primaryKey,
    generated,
    default: declaration.default,
    version,
    volatile,
    condition: !primaryKey && type.canonicalEquality && (unique || index || reference !== undefined),
    validate,
    reference: reference && toReference(model, declaration),
    list: declaration.list,
  };
}

function keyTypeOfTarget(model: ModelClassLike, { reference, property }: ColumnDeclaration): ColumnSchema['type'] {
  if (!reference) throw new UsageError(`${model.name}.${property} has no type.`);
  const target = resolveModel(reference.target, `${model.name}.${reference.property}`);
  // NOTE: only the target's declarations are looked at, not its schema: two models may point at each other.
  for (const declaration of declarationChain(target).reverse()) {
    for (const column of declaration.columns.values()) {
      if (column.primaryKey) return column.type ?? keyTypeOfTarget(target, column);
    }
  }
  throw new UsageError(`${model.name}.${reference.property} points at ${target.name}, which has no @PrimaryKey.`);
}

function toReference(
  model: ModelClassLike,
  { reference, unique, property }: ColumnDeclaration,
): ReferenceSchema | undefined {
  if (!reference) return undefined;
  const where = `${model.name}.${reference.property || property}`;
  return {
    property: reference.property,
    target: () => schemaOf(resolveModel(reference.target, where)),
    targetModel: () => resolveModel(reference.target, where),
    onDelete: reference.onDelete,
    cached: reference.cached,
    unique,
    relatedName: reference.relatedName,
  };
}

function toLink(model: ModelClassLike, link: LinkDeclaration): LinkSchema {
  const where = `${model.name}.${link.property}`;
  return {
    ...link,
    model,
    targetModel: () => resolveModel(link.target, where),
    throughModel: () =>
      link.through === undefined
        ? resolveModel(declarationOf(model).linkModels.get(link.property) ?? link.property, where)
        : resolveModel(link.through, `${where} (through)`),
  };
}

function onlyPrimaryKey(model: ModelClassLike, columns: readonly ColumnSchema[]): ColumnSchema {
  const keys = columns.filter((column) => column.primaryKey);
  const [key] = keys;
  if (key && keys.length === 1) return withExactKey(model, key);
  if (!key) throw new UsageError(`${model.name} has no primary key. Write @PrimaryKey() above one property.`);
  const names = keys.map((column) => column.property).join(', ');
  throw new UsageError(
    `${model.name} has a composite primary key (${names}); composite keys are not supported. ` +
      `Give it one @PrimaryKey() and make the pair unique in the database.`,
  );
}

function withExactKey(model: ModelClassLike, key: ColumnSchema): ColumnSchema {
  if (key.type.canonicalEquality) return key;
  throw new UsageError(
    `${model.name}.${key.property} is a ${key.type.name} and cannot be a primary key, since equal keys may be written differently. ` +
      `Use integer, bigint, uuid, string or text.`,
  );
}

function rejectSharedNames(model: ModelClassLike, columns: readonly ColumnSchema[]): void {
  const byName = new Map<string, ColumnSchema>();
  for (const column of columns) {
    const other = byName.get(column.name);
    if (other) {
      throw new UsageError(
        `${model.name}.${other.property} and ${model.name}.${column.property} are both column '${column.name}'. ` +
          `Write @Column({ name: … }) on one of them.`,
      );
    }
    byName.set(column.name, column);
  }
}

/** Everything that a stored row's meaning depends on: a model that changed in any of it never reads old rows. */
function fingerprintOf(schema: ModelSchema): string {
  const columns = schema.columns.map((column) => [
    column.property,
    column.name,
    column.type.signature,
    column.nullable,
  ]);
  return hashText(
    JSON.stringify([schema.connection, schema.label, schema.table, schema.primaryKey.name, columns]),
  ).slice(0, 10);
}

function hydratorOf(model: ModelClassLike, schema: ModelSchema): (row: Row) => object {
  const factory = declarationChain(model).find((declaration) => declaration.hydrator)?.hydrator;
  if (!factory) throw new UsageError(`${model.name} is no model: extend Model or CachedModel.`);
  return factory(model, schema);
}
