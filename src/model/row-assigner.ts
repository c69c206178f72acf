import type { Row } from '../schema/cell.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import { valueOf } from '../schema/values.js';
import { lateProperty } from './late-values.js';

/** Gives an instance the properties that a row stands for. */
export type RowAssigner = (instance: object, row: Row) => void;

type Decode = NonNullable<ColumnSchema['type']['decode']>;

/**
 * Makes the function that assigns a model's columns. It is written out, one assignment a column, since that is several
 * times as fast as a loop over names; where code may not be generated, the loop does the same. Values that are costly to
 * decode become late properties (see `lateProperty`).
 */
export function rowAssigner(schema: ModelSchema): RowAssigner {
  try {
    return generate(schema);
  } catch {
    return loop(schema);
  }
}

function generate({ columns }: ModelSchema): RowAssigner {
  const decoders = columns.map((column) => column.type.decode);
  const late = columns.map((column) => (column.type.isCostly ? lateProperty(column) : undefined));
  const lines = columns.map((column, index) => {
    if (late[index]) return `define(instance, ${JSON.stringify(column.property)}, late[${index}]);`;
    const cell = `row[${column.position}]`;
    const value = decoders[index] ? `${cell} === null ? null : decoders[${index}](${cell})` : cell;
    return `instance[${JSON.stringify(column.property)}] = ${value};`;
  });
  // The text holds nothing but property names as JSON and positions.
  // oxlint-disable-next-line typescript/no-implied-eval, no-new-func
  const make = new Function('decoders', 'late', 'define', `return (instance, row) => { ${lines.join(' ')} }`) as (
    decoders: readonly (Decode | undefined)[],
    late: readonly (PropertyDescriptor | undefined)[],
    define: typeof Object.defineProperty,
  ) => RowAssigner;
  return make(decoders, late, Object.defineProperty);
}

function loop({ columns }: ModelSchema): RowAssigner {
  const late = new Map(columns.flatMap((column) => (column.type.isCostly ? [[column, lateProperty(column)]] : [])));
  return (instance, row) => {
    for (const column of columns) {
      const property = late.get(column);
      if (property) Object.defineProperty(instance, column.property, property);
      else Reflect.set(instance, column.property, valueOf(column, row[column.position] ?? null));
    }
  };
}
