import type { DialectName } from '../../schema/column-type.js';
import type { OrderTerm } from '../../schema/query-state.js';

/** One term of ORDER BY: nulls are the largest values on every database. */
export function orderTermSql(term: OrderTerm, name: string, dialect: DialectName): string {
  const { path, column, descending } = term;
  const expression = column.type.orderSql?.(name, dialect) ?? name;
  return inDirection(expression, { descending, nullable: column.nullable || path.length > 0 }, dialect);
}

export function inDirection(
  expression: string,
  { descending, nullable }: { readonly descending: boolean; readonly nullable: boolean },
  dialect: DialectName,
): string {
  const nulls = nullable && dialect === 'sqlite' ? ` NULLS ${descending ? 'FIRST' : 'LAST'}` : '';
  return `${expression}${descending ? ' DESC' : ''}${nulls}`;
}
