import { UsageError } from '../../errors.js';
import { declarationOf, type ModelClassLike } from '../../schema/declaration.js';
import { describeValue } from '../../schema/types/describe-value.js';
import { registerModel } from '../../schema/registry.js';
import { nearest } from '../../support/nearest.js';
import { declareLinkModels } from '../link-model.js';
import { installReverseAccessorsSoon } from '../reverse-accessors.js';
import { assertLegacy } from './decorated-property.js';

export interface TableOptions {
  /** The name that lazy references, policies and statistics use; default: the class's name. */
  readonly label?: string;
  /** The name of the connection; default: `default`. */
  readonly connection?: string;
}

/** Makes a class the model of a table. Throws UsageError for an empty name. */
export function Table(name: string, options: TableOptions = {}): (model: ModelClassLike, ...context: never[]) => void {
  if (typeof name !== 'string' || name === '') {
    throw new UsageError(
      `@Table(name): expected the table's name, got ${typeof name === 'string' ? 'an empty text' : typeof name}`,
    );
  }
  assertTableOptions(name, options);
  return (model, ...context) => {
    assertLegacy('Table', model, context[0]);
    if (typeof model !== 'function') {
      throw new UsageError(`@Table('${name}'): write it above a class, not above a member`);
    }
    const label = options.label ?? model.name;
    declarationOf(model).table = { name, label, connection: options.connection ?? 'default' };
    registerModel(model, label);
    declareLinkModels(model);
    installReverseAccessorsSoon(model);
  };
}

function assertTableOptions(name: string, options: TableOptions): void {
  const known = ['label', 'connection'];
  for (const [option, value] of Object.entries(options)) {
    if (!known.includes(option)) {
      const hint = nearest(option, known);
      throw new UsageError(
        `@Table('${name}'): unknown option '${option}'; ${hint ? `did you mean '${hint}'?` : 'use label, connection'}`,
      );
    }
    if (typeof value !== 'string' || value === '') {
      throw new UsageError(`@Table('${name}', { ${option} }): expected a text, got ${describeValue(value)}`);
    }
  }
}
