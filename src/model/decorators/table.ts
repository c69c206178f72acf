import { UsageError } from '../../errors.js';
import { declarationOf, type ModelClassLike } from '../../schema/declaration.js';
import { registerModel } from '../../schema/registry.js';
import { installReverseAccessorsSoon } from '../reverse-accessors.js';

export interface TableOptions {
  /** The name that lazy references, policies and statistics use; default: the class's name. */
  readonly label?: string;
  /** The name of the connection; default: `default`. */
  readonly connection?: string;
}

/** Makes a class the model of a table. Throws UsageError for an empty name. */
export function Table(name: string, options: TableOptions = {}): (model: ModelClassLike) => void {
  if (typeof name !== 'string' || name === '') {
    throw new UsageError(`@Table(name): expected the table's name, got ${typeof name === 'string' ? 'an empty text' : typeof name}`);
  }
  return (model) => {
    const label = options.label ?? model.name;
    declarationOf(model).table = { name, label, connection: options.connection ?? 'default' };
    registerModel(model, label);
    installReverseAccessorsSoon(model);
  };
}
