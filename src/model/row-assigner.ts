import type { Row } from '../schema/cell.js';
import type { ModelSchema } from '../schema/model-schema.js';
import { valueOf } from '../schema/values.js';
import { lateProperty } from './late-values.js';
import { writtenOut } from './written-out.js';

/** Gives an instance the properties that a row stands for. */
export type RowAssigner = (instance: object, row: Row) => void;

/**
 * Makes the function that assigns a model's columns. Values that are costly to decode become late properties (see
 * `lateProperty`).
 */
export function rowAssigner(schema: ModelSchema): RowAssigner {
  return generate(schema) ?? loop(schema);
}

function generate({ columns }: ModelSchema): RowAssigner | undefined {
  const decoders = columns.map((column) => column.type.decode);
  const late = columns.map((column) => (column.type.isCostly ? lateProperty(column) : undefined));
  const lines = columns.map((column, index) => {
    if (late[index]) return `define(instance, ${JSON.stringify(column.property)}, late[${index}]);`;
    const cell = `row[${column.position}]`;
    const value = decoders[index] ? `${cell} === null ? null : decoders[${index}](${cell})` : cell;
    return `instance[${JSON.stringify(column.property)}] = ${value};`;
  });
  const values = { decoders, late, define: Object.defineProperty };
  return writtenOut(`(instance, row) => { ${lines.join(' ')} }`, values) as RowAssigner | undefined; // its text says so
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
