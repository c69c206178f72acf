import { declarationOf, linkDeclarations, type LinkDeclaration, type ModelClassLike } from '../schema/declaration.js';
import type { ColumnDeclaration } from '../schema/declaration.js';
import { snakeCase } from '../schema/naming.js';
import { registerModel, resolveModel } from '../schema/registry.js';
import { loadFromDatabase } from './load-reference.js';
import { Model } from './model.js';
import { defineReferenceAccessor } from './reference-accessor.js';

/**
 * Declares a model for each link table of `model` that the library makes itself: its rows are changed, invalidated and
 * watched like those of any other.
 */
export function declareLinkModels(model: ModelClassLike): void {
  const { linkModels } = declarationOf(model);
  for (const link of linkDeclarations(model).values()) {
    if (link.through === undefined) linkModels.set(link.property, linkModel(model, link));
  }
}

function linkModel(model: ModelClassLike, link: LinkDeclaration): ModelClassLike {
  const Link = class extends Model {};
  const name = `${model.name}.${link.property}`;
  Object.defineProperty(Link, 'name', { value: name });
  const owner = declarationOf(model).table;
  const declaration = declarationOf(Link);
  declaration.table = {
    name: link.table ?? `${owner?.name}_${snakeCase(link.property)}`,
    label: `${owner?.label}.${link.property}`,
    connection: owner?.connection ?? 'default',
  };
  declaration.lateColumns = () => columnsOf(Link, model, link);
  registerModel(Link, declaration.table.label);
  return Link;
}

/** Two foreign keys named after the classes; `from…` and `to…` where these have the same name. */
function columnsOf(
  Link: ModelClassLike,
  model: ModelClassLike,
  { target, property, columns }: LinkDeclaration,
): ColumnDeclaration[] {
  const other = resolveModel(target, `${model.name}.${property}`);
  const [near, far] =
    model.name === other.name
      ? [`from${model.name}`, `to${other.name}`]
      : [lowerFirst(model.name), lowerFirst(other.name)];
  const sides = [
    { relation: near, target: model, column: columns?.[0], index: false }, // the primary key begins with it
    { relation: far, target: other, column: columns?.[1], index: true },
  ];
  for (const { relation } of sides) {
    defineReferenceAccessor(Link.prototype as object, relation, loadFromDatabase);
  }
  return sides.map(keyColumn);
}

interface LinkSide {
  readonly relation: string;
  readonly target: ModelClassLike;
  readonly column: string | undefined;
  readonly index: boolean;
}

function keyColumn({ relation, target, column, index }: LinkSide): ColumnDeclaration {
  return {
    property: `${relation}Id`,
    column,
    type: undefined,
    nullable: false,
    unique: false,
    index,
    primaryKey: false,
    generated: false,
    default: undefined,
    version: false,
    volatile: false,
    validate: undefined,
    reference: {
      property: relation,
      target,
      onDelete: 'cascade',
      load: loadFromDatabase,
      cached: false,
      relatedName: undefined,
    },
  };
}

/** `Document` becomes `document`, `HTTPServer` `httpServer`. */
function lowerFirst(name: string): string {
  return name.replace(/^[A-Z]+(?![a-z])|^[A-Z]/, (capitals) => capitals.toLowerCase());
}
