import type { Cell, Row } from '../schema/cell.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import type { LateValues } from './late-values.js';
import { writtenOut } from './written-out.js';

/** Answers the columns whose property may not have the value of the row; undefined where every one certainly has it. */
export type ChangeDetector = (instance: object, row: Row, late: LateValues | undefined) => ColumnSchema[] | undefined;

const detectors = new WeakMap<ModelSchema, ChangeDetector>();

/** That of a model's columns: what most instances are told by, without encoding any value. */
export function changeDetector(schema: ModelSchema): ChangeDetector {
  const known = detectors.get(schema);
  if (known) return known;
  const made = generate(schema) ?? loop(schema);
  detectors.set(schema, made);
  return made;
}

function generate({ columns }: ModelSchema): ChangeDetector | undefined {
  const tests = columns.map((column, index) => {
    const read = `value = instance[${JSON.stringify(column.property)}], cell = row[${column.position}] ?? null`;
    if (!column.type.decode) return `(${read}, value === cell)`;
    const isUnread = column.type.isCostly ? `late !== undefined && !late.has(columns[${index}]) || ` : '';
    return `${isUnread}(${read}, value === null || cell === null ? value === cell : isValueOf[${index}]?.(value, cell) === true)`;
  });
  const lines = tests.map((test, index) => `if (!(${test})) (found ??= []).push(columns[${index}]);`);
  const body = `(instance, row, late) => { let found, value, cell; ${lines.join(' ')} return found; }`;
  const isValueOf = columns.map(({ type }) => type.isValueOf);
  return writtenOut(body, { columns, isValueOf }) as ChangeDetector | undefined; // its text says so
}

function loop({ columns }: ModelSchema): ChangeDetector {
  return (instance, row, late) => {
    const found = columns.filter((column) => {
      if (column.type.isCostly && late && !late.has(column)) return false;
      return !isStored(column, Reflect.get(instance, column.property), row[column.position] ?? null);
    });
    return found.length > 0 ? found : undefined;
  };
}

/** True only where the value is certainly that of the cell. */
function isStored({ type }: ColumnSchema, value: unknown, stored: Cell): boolean {
  if (value === null || !type.decode) return value === stored;
  return stored !== null && type.isValueOf?.(value, stored) === true;
}
