import { UsageError } from '../errors.js';
import { declarationOf, type ModelClassLike } from '../schema/declaration.js';
import { isInherited } from '../schema/inherited-relation.js';
import { inverseOf, linkOf } from '../schema/many-to-many.js';
import type { LinkSchema, ModelSchema } from '../schema/model-schema.js';
import { findRelation } from '../schema/relations.js';
import { schemaOf } from '../schema/schema-of.js';
import { LinkSet } from './link-set.js';
import { ReverseSet } from './reverse-set.js';

const waiting = new Set<ModelClassLike>();
const claims = new WeakMap<object, Map<string, Claim>>();

/**
 * Gives the models that this one points at their accessors, such as `user.documents`, as soon as they exist. A model
 * whose targets are not declared yet waits for `installReverseAccessors`, which every `connect` calls.
 */
export function installReverseAccessorsSoon(model: ModelClassLike): void {
  waiting.add(model);
  queueMicrotask(() => tryInstall(model));
}

/** Installs what still waits and can be installed by now. */
export function installReverseAccessors(): void {
  for (const model of waiting) tryInstall(model);
}

// NOTE: a model that is declared wrongly, or whose targets are still missing, says so on its own first use; others must not suffer
function tryInstall(model: ModelClassLike): void {
  try {
    install(model);
  } catch (error) {
    if (error instanceof RelatedNameTaken) {
      waiting.delete(model);
      process.emitWarning(error);
    }
  }
}

class RelatedNameTaken extends UsageError {}

function install(model: ModelClassLike): void {
  const schema = schemaOf(model);
  for (const column of schema.columns) {
    const { reference } = column;
    if (reference?.relatedName === undefined || isInherited(model, column.property)) continue;
    const pointing = { name: reference.relatedName, schema, model, column, reference };
    define(schema, {
      name: reference.relatedName,
      property: reference.property,
      kept: `${schema.table} ${column.name}`,
      model: reference.targetModel(),
      read: (owner) => {
        const rows = new ReverseSet(pointing, owner);
        return reference.unique ? rows.only() : rows;
      },
    });
  }
  for (const link of schema.links.values()) {
    if (link.relatedName !== undefined && !isInherited(model, link.property)) defineLinked(schema, link);
  }
  waiting.delete(model);
}

function defineLinked(schema: ModelSchema, link: LinkSchema): void {
  const relation = inverseOf(linkOf(schema, link), link.relatedName);
  define(schema, {
    name: relation.name,
    property: link.property,
    kept: `${relation.through.table} ${relation.near.name} ${relation.far.name}`,
    model: link.targetModel(),
    read: (owner) => new LinkSet(relation, owner),
  });
}

interface ReverseAccessor {
  readonly name: string;
  /** The relation that it is the other side of. */
  readonly property: string;
  /** Where that is kept. */
  readonly kept: string;
  /** The class that gets it. */
  readonly model: ModelClassLike;
  readonly read: (owner: object) => unknown;
}

function define(schema: ModelSchema, { name, property, kept, model, read }: ReverseAccessor): void {
  const target = schemaOf(model);
  const prototype = model.prototype as object;
  const where = `${schema.label}.${property}`;
  if (target.byProperty.has(name) || target.byRelation.has(name) || target.links.has(name)) {
    throw new RelatedNameTaken(`${where}: relatedName '${name}' is a column of ${target.label}; choose another`);
  }
  claim(prototype, name, { where, kept });
  Object.defineProperty(prototype, name, {
    configurable: true,
    enumerable: false,
    get(this: object): unknown {
      if (declarationOf(this.constructor).table?.name !== target.table) {
        throw inheritedAccessor(this, name, where, target);
      }
      findRelation(target, name); // throws where two relations have this name
      return read(this);
    },
  });
}

/** Who has a name, and in which columns of which table the relation is kept. */
interface Claim {
  readonly where: string;
  readonly kept: string;
}

/** Keeps an accessor for the first relation that asks for it; a class that is declared again may ask again. */
function claim(prototype: object, name: string, { where, kept }: Claim): void {
  const names = claims.get(prototype) ?? new Map<string, Claim>();
  claims.set(prototype, names);
  const other = names.get(name);
  if (other && other.kept !== kept) {
    throw new RelatedNameTaken(
      `${where}: relatedName '${name}' is taken by ${other.where}; give each relation its own`,
    );
  }
  names.set(name, { where, kept });
}

function inheritedAccessor(instance: object, name: string, where: string, target: ModelSchema): UsageError {
  const { label: own } = schemaOf(instance.constructor as ModelClassLike); // every model instance was made by its class
  return new UsageError(
    `${own} has no accessor '${name}': ${where} points at ${target.label}, which has another table`,
  );
}
