import { UsageError } from '../errors.js';
import type { ColumnSchema, LinkSchema, ModelSchema } from './model-schema.js';
import type { ManyToManyRelation } from './relations.js';
import { schemaOf } from './schema-of.js';

/** The relation that a `@ManyToMany` of `model` means. Throws UsageError where its through model does not fit. */
export function linkOf(model: ModelSchema, link: LinkSchema): ManyToManyRelation {
  const where = `${model.label}.${link.property}`;
  const target = schemaOf(link.targetModel());
  assertSameConnection(where, model, target);
  const symmetrical = isSymmetrical(where, link, { self: target.table === model.table, target });
  const through = schemaOf(link.throughModel());
  assertSameConnection(where, model, through);
  const [near, far] = through.isPairs ? pairOf(through) : foreignKeysOf(where, through, { model, target, link });
  return {
    kind: 'manyToMany',
    name: link.property,
    model,
    target,
    through,
    near,
    far,
    nearModel: link.model,
    farModel: link.targetModel(),
    throughModel: link.throughModel(),
    symmetrical,
  };
}

/** The same links, seen from the other side. */
export function inverseOf(relation: ManyToManyRelation, name = relation.name): ManyToManyRelation {
  return {
    ...relation,
    name,
    model: relation.target,
    target: relation.model,
    near: relation.far,
    far: relation.near,
    nearModel: relation.farModel,
    farModel: relation.nearModel,
  };
}

function assertSameConnection(where: string, model: ModelSchema, other: ModelSchema): void {
  if (model.connection === other.connection) return;
  throw new UsageError(
    `${where}: ${model.label} is on the connection '${model.connection}' and ${other.label} on '${other.connection}'; ` +
      `rows of two databases cannot be linked`,
  );
}

function pairOf({ columns: [near, far], label }: ModelSchema): [ColumnSchema, ColumnSchema] {
  if (!near || !far) throw new TypeError(`${label}: a link table has two columns`);
  return [near, far];
}

interface Sides {
  readonly model: ModelSchema;
  readonly target: ModelSchema;
  readonly link: LinkSchema;
}

function foreignKeysOf(
  where: string,
  through: ModelSchema,
  { model, target, link }: Sides,
): [ColumnSchema, ColumnSchema] {
  const chosen = (option: 'from' | 'to', to: ModelSchema): readonly ColumnSchema[] =>
    candidates(where, through, { option, to, name: link[option] });
  const [nears, fars] = [chosen('from', model), chosen('to', target)];
  // NOTE: two keys to the model itself are taken in their order, where nothing else was said: `from` before `to`
  const inOrder = model.table === target.table && nears.length === 2 && fars.length === 2;
  const near = only(where, through, { option: 'from', to: model }, inOrder ? nears.slice(0, 1) : without(nears, fars));
  const far = only(where, through, { option: 'to', to: target }, without(fars, [near]));
  if (near === far) throw new UsageError(`${where}: from and to are the same foreign key of ${through.label}`);
  return [near, far];
}

/** Those that the other side does not have for sure. */
function without(columns: readonly ColumnSchema[], taken: readonly ColumnSchema[]): readonly ColumnSchema[] {
  return columns.length > 1 && taken.length === 1 ? columns.filter((column) => column !== taken[0]) : columns;
}

interface Side {
  readonly option: 'from' | 'to';
  readonly to: ModelSchema;
}

function candidates(
  where: string,
  through: ModelSchema,
  { option, to, name }: Side & { readonly name: string | undefined },
): readonly ColumnSchema[] {
  const all = through.columns.filter(({ reference }) => reference?.target().table === to.table);
  if (name === undefined) return all;
  const named = all.filter(({ reference, property }) => reference?.property === name || property === name);
  if (named.length > 0) return named;
  throw new UsageError(
    `${where}: ${option} is '${name}', but ${through.label} has no foreign key of that name to ${to.label}`,
  );
}

function only(where: string, through: ModelSchema, { option, to }: Side, found: readonly ColumnSchema[]): ColumnSchema {
  const [column] = found;
  if (column && found.length === 1) return column;
  if (!column) {
    throw new UsageError(
      `${where}: ${through.label} has no foreign key to ${to.label}; a through model points at both sides`,
    );
  }
  const names = found.map(({ reference, property }) => reference?.property ?? property);
  throw new UsageError(
    `${where}: ${through.label} has several foreign keys to ${to.label} (${names.join(', ')}); ` +
      `say which: { ${option}: '${names[0]}' }`,
  );
}

/** As told; otherwise links of a model with itself are, unless the other side has a name of its own. */
function isSymmetrical(
  where: string,
  { symmetrical, relatedName }: LinkSchema,
  { self, target }: { readonly self: boolean; readonly target: ModelSchema },
): boolean {
  if (symmetrical === true && !self) {
    throw new UsageError(
      `${where}: symmetrical is for links of a model with itself, and ${target.label} is another one`,
    );
  }
  return symmetrical ?? (self && relatedName === undefined);
}
