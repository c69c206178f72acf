import { UsageError } from '../../errors.js';
import { declarationOf, type ModelReference, type ReferenceLoader } from '../../schema/declaration.js';
import type { OnDelete } from '../../schema/model-schema.js';
import { defineReferenceAccessor } from '../reference-accessor.js';
import { nearest } from '../../support/nearest.js';
import { assertFree, assertOptions, decoratedProperty } from './decorated-property.js';

/** What foreign keys may say. */
export interface ReferenceOptions {
  /** The name of the accessor on the other model: `user.documents`. */
  readonly relatedName?: string;
  /** What the database does with rows that point at a deleted row; default: `restrict`. */
  readonly onDelete?: OnDelete;
  /** May point at nothing; default: no. */
  readonly nullable?: boolean;
  /** The column's name in the database; default: `<name>Id` by the connection's convention. */
  readonly name?: string;
}

/** How one of the foreign key decorators differs from the others. */
export interface ReferenceKind {
  readonly decorator: string;
  readonly target: ModelReference;
  readonly options: ReferenceOptions;
  readonly load: ReferenceLoader;
  readonly cached: boolean;
  readonly unique: boolean;
}

const referenceOptions: readonly string[] = ['relatedName', 'onDelete', 'nullable', 'name'];
const actions: readonly OnDelete[] = ['cascade', 'set null', 'restrict'];

/** The decorator that declares the key's column and defines the accessor. */
export function referenceDecorator(kind: ReferenceKind): (prototype: object, key: string | symbol) => void {
  assertOptions(kind.decorator, kind.options);
  return (prototype, key) => {
    const { model, name, where } = decoratedProperty(kind.decorator, prototype, key);
    const onDelete = checkedOptions(where, kind);
    const property = `${name}Id`;
    assertFree(model, property, `${model.name}.${property}`);
    declarationOf(model).columns.set(property, {
      property,
      column: kind.options.name,
      type: undefined,
      nullable: kind.options.nullable ?? false,
      unique: kind.unique,
      index: true,
      primaryKey: false,
      generated: false,
      default: undefined,
      version: false,
      volatile: false,
      validate: undefined,
      reference: {
        property: name,
        target: kind.target,
        onDelete,
        load: kind.load,
        cached: kind.cached,
        relatedName: kind.options.relatedName,
      },
    });
    defineReferenceAccessor(prototype, name, kind.load);
  };
}

function checkedOptions(where: string, { decorator, target, options }: ReferenceKind): OnDelete {
  for (const name of Object.keys(options)) {
    if (referenceOptions.includes(name)) continue;
    const hint = nearest(name, referenceOptions);
    throw new UsageError(
      `${where}: unknown option '${name}'; ${hint ? `did you mean '${hint}'?` : `use ${referenceOptions.join(', ')}`}`,
    );
  }
  if (typeof target !== 'string' && typeof target !== 'function') {
    throw new UsageError(
      `${where}: @${decorator}(target) got ${String(target)}; write a function, () => Model, or a label. ` +
        `A class whose module is still loading is undefined here.`,
    );
  }
  const onDelete = options.onDelete ?? 'restrict';
  if (!actions.includes(onDelete)) {
    throw new UsageError(
      `${where}: onDelete is '${String(onDelete)}'; use ${actions.map((action) => `'${action}'`).join(', ')}`,
    );
  }
  if (onDelete === 'set null' && options.nullable !== true) {
    throw new UsageError(`${where}: onDelete: 'set null' needs nullable: true`);
  }
  return onDelete;
}
