import type { Row } from '../schema/cell.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';

/** Gives an instance the properties that a row stands for. */
export type RowAssigner = (instance: object, row: Row) => void;

type Decode = NonNullable<ColumnSchema['type']['decode']>;

/**
 * Makes the function that assigns a model's columns. It is written out, one assignment a column, since that is several
 * times as fast as a loop over names; where code may not be generated, the loop does the same.
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
  const lines = columns.map((column, index) => {
    const cell = `row[${column.position}]`;
    const value = decoders[index] ? `${cell} === null ? null : decoders[${index}](${cell})` : cell;
    return `instance[${JSON.stringify(column.property)}] = ${value};`;
  });
  // The text holds nothing but property names as JSON and positions.
  // oxlint-disable-next-line typescript/no-implied-eval, no-new-func
  const make = new Function('decoders', `return (instance, row) => { ${lines.join(' ')} }`) as (
    decoders: readonly (Decode | undefined)[],
  ) => RowAssigner;
  return make(decoders);
}

function loop({ columns }: ModelSchema): RowAssigner {
  return (instance, row) => {
    for (const { property, position, type } of columns) {
      const cell = row[position] ?? null;
      Reflect.set(instance, property, cell === null || !type.decode ? cell : type.decode(cell));
    }
  };
}
