import { UsageError } from '../../errors.js';
import { describeValue } from '../../schema/types/describe-value.js';

/** So deep both databases, and everything that walks conditions here, go with ease. */
const deepest = 100;

/** Conditions as an object, or combined by `Q`. */
export type Conditions = object;

/** Conditions that `Q` combined: any query set takes them where it takes an object. `P` are the objects in it. */
export class Combined<P = unknown> {
  readonly kind: 'and' | 'or' | 'not';
  readonly parts: readonly Conditions[];
  /** Never there: it keeps the types of the objects for the query set that checks them. */
  declare protected readonly checked: P;

  /** How many are within each other. */
  readonly #depth: number;

  constructor(kind: 'and' | 'or' | 'not', parts: readonly Conditions[]) {
    for (const part of parts) assertConditions(kind, part);
    this.kind = kind;
    this.parts = kind === 'not' ? parts : parts.flatMap((part) => sideBySide(kind, part));
    this.#depth = this.parts.reduce<number>((most, part) => Math.max(most, Combined.#depthOf(part)), 0) + 1;
    if (this.#depth <= deepest) return;
    throw new UsageError(
      `Q.${kind}: these conditions are nested more than ${deepest} deep; say the same with fewer Q.not, Q.and and Q.or within each other`,
    );
  }

  static #depthOf(part: Conditions): number {
    return part instanceof Combined ? part.#depth : 0;
  }
}

/** What is combined again in the same way is no deeper: `Q.or(Q.or(a, b), c)` is `Q.or(a, b, c)`. */
function sideBySide(kind: 'and' | 'or', part: Conditions): readonly Conditions[] {
  return part instanceof Combined && part.kind === kind ? part.parts : [part];
}

/** Combines conditions: `filter(Q.or({ title: 'x' }, Q.not({ views__gt: 3 })))`. Each object is about one related row. */
export const Q = {
  /** All of them hold. */
  and: <const P extends readonly Conditions[]>(...parts: P): Combined<P[number]> => new Combined('and', parts),
  /** At least one of them holds. Of none, nothing does. */
  or: <const P extends readonly Conditions[]>(...parts: P): Combined<P[number]> => new Combined('or', parts),
  /** They do not all hold; a null counts as not holding. */
  not: <const P extends Conditions>(part: P): Combined<P> => new Combined('not', [part]),
};

function assertConditions(kind: string, part: unknown): void {
  if (typeof part === 'object' && part !== null && !Array.isArray(part)) return;
  throw new UsageError(`Q.${kind}: expected conditions as an object, such as { id: 1 }; got ${describeValue(part)}`);
}
