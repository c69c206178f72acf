import { UsageError } from '../errors.js';
import { describeValue } from '../schema/types/describe-value.js';

/** A number that a column is computed with; a decimal is written as text. */
type Operand = number | bigint | string;

/** What an expression is made of. */
export type Term =
  | { readonly kind: 'column'; readonly name: string }
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'arithmetic'; readonly operator: ArithmeticOperator; readonly left: Term; readonly right: Term };

export type ArithmeticOperator = '+' | '-' | '*' | '/';

/**
 * A value that the database computes from the row it is written to: see `F`. `N` are the columns it reads, and `K`
 * tells a bare column from arithmetic.
 */
export class Expression<N extends string = string, K extends 'column' | 'number' = 'column' | 'number'> {
  readonly term: Term;
  declare protected readonly reads: N;
  declare protected readonly makes: K;

  constructor(term: Term) {
    this.term = term;
  }

  /** The sum with a number or another column. */
  plus<M extends string = never>(other: Operand | Expression<M>): Expression<N | M, 'number'> {
    return this.#with('+', other);
  }

  /** The difference to a number or another column. */
  minus<M extends string = never>(other: Operand | Expression<M>): Expression<N | M, 'number'> {
    return this.#with('-', other);
  }

  /** The product with a number or another column. */
  times<M extends string = never>(other: Operand | Expression<M>): Expression<N | M, 'number'> {
    return this.#with('*', other);
  }

  /** The quotient by a number that is not 0; of whole numbers a whole one, without its fraction. */
  dividedBy(other: Operand): Expression<N, 'number'> {
    if ((other as unknown) instanceof Expression) {
      throw new UsageError('F(…).dividedBy takes a number, not an expression: a row may hold 0 there');
    }
    if (Number(other) === 0) throw new UsageError('F(…).dividedBy takes a number other than 0');
    return this.#with('/', other);
  }

  #with<M extends string>(operator: ArithmeticOperator, other: unknown): Expression<N | M, 'number'> {
    const right: Term = other instanceof Expression ? other.term : { kind: 'value', value: other };
    return new Expression({ kind: 'arithmetic', operator, left: this.term, right });
  }
}

/**
 * A column of the row that is being updated: `update({ views: F('views').plus(1) })` adds in the database, so that no
 * other writer's addition is lost. Throws UsageError for what is no name.
 */
export function F<N extends string>(name: N): Expression<N, 'column'> {
  if (typeof name !== 'string' || name === '') {
    throw new UsageError(`F takes the name of a column, such as F('views'); got ${describeValue(name)}`);
  }
  return new Expression({ kind: 'column', name });
}
