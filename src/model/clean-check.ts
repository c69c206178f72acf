import type { Cell, Row } from '../schema/cell.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import type { LateValues } from './late-values.js';
import { writtenOut } from './written-out.js';

/** Answers true only where every property of an instance certainly has the value of the row. */
export type CleanCheck = (instance: object, row: Row, late: LateValues | undefined) => boolean;

const checks = new WeakMap<ModelSchema, CleanCheck>();

/** The check for a model's columns: what most instances are told by, without encoding any value. */
export function cleanCheck(schema: ModelSchema): CleanCheck {
  const known = checks.get(schema);
  if (known) return known;
  const made = generate(schema) ?? loop(schema);
  checks.set(schema, made);
  return made;
}

function generate({ columns }: ModelSchema): CleanCheck | undefined {
  const tests = columns.map((column, index) => {
    const [value, cell] = [`instance[${JSON.stringify(column.property)}]`, `(row[${column.position}] ?? null)`];
    if (!column.type.decode) return `${value} === ${cell}`;
    const isUnread = column.type.isCostly ? `late !== undefined && !late.has(columns[${index}]) || ` : '';
    return `(${isUnread}isStored(columns[${index}], ${value}, ${cell}))`;
  });
  const check = writtenOut(`(instance, row, late) => ${tests.join(' && ')}`, { columns, isStored });
  return check as CleanCheck | undefined; // its text says so
}

function loop({ columns }: ModelSchema): CleanCheck {
  return (instance, row, late) =>
    columns.every((column) => {
      if (column.type.isCostly && late && !late.has(column)) return true;
      return isStored(column, Reflect.get(instance, column.property), row[column.position] ?? null);
    });
}

/** True only where the value is certainly that of the cell. */
export function isStored({ type }: ColumnSchema, value: unknown, stored: Cell): boolean {
  if (value === null || !type.decode) return value === stored;
  return stored !== null && type.isValueOf?.(value, stored) === true;
}
