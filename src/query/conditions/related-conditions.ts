import type { Comparison, Condition, SubqueryCondition } from '../../schema/condition.js';
import type { ManyToManyRelation, Relation } from '../../schema/relations.js';

/** What is said of one row by the names of one object; about each relation's row in a group of its own. */
export class RowConditions {
  readonly #own: { readonly condition: Condition; readonly heldByNothing: boolean }[] = [];
  readonly #related = new Map<string, { readonly relation: Relation; readonly conditions: RowConditions }>();

  /** `heldByNothing`: it also holds where there is no row at all, as it would of a row of nulls. */
  add(condition: Condition, heldByNothing: boolean): void {
    this.#own.push({ condition, heldByNothing });
  }

  /** What is said of the related row. */
  related(relation: Relation): RowConditions {
    const known = this.#related.get(relation.name);
    if (known) return known.conditions;
    const conditions = new RowConditions();
    this.#related.set(relation.name, { relation, conditions });
    return conditions;
  }

  /** All of it as one condition. */
  condition(): Condition {
    const others = [...this.#related.values()].map(({ relation, conditions }) => relatedOrNone(relation, conditions));
    return all([...this.#own.map(({ condition }) => condition), ...others]);
  }

  get heldByNothing(): boolean {
    const others = [...this.#related.values()].every(({ conditions }) => conditions.heldByNothing);
    return others && this.#own.every(({ heldByNothing }) => heldByNothing);
  }
}

/** There is a related row, whatever it holds. */
export function anyRelated(relation: Relation): Condition {
  if (relation.kind === 'manyToMany') return { kind: 'related', relation: pairsOf(relation), condition: undefined };
  if (relation.kind === 'toMany') return { kind: 'related', relation, condition: undefined };
  return { kind: 'comparison', column: relation.column, lookup: 'isnull', cells: [false] };
}

export function noneRelated(relation: Relation): Condition {
  if (relation.kind !== 'toOne') return { kind: 'not', part: anyRelated(relation) };
  return { kind: 'comparison', column: relation.column, lookup: 'isnull', cells: [true] };
}

/** There is a related row with all of this; or none at all, where that would hold for a row of nulls. */
function relatedOrNone(relation: Relation, conditions: RowConditions): Condition {
  const some = related(relation, conditions.condition());
  if (!conditions.heldByNothing || (relation.kind === 'toOne' && !relation.column.nullable)) return some;
  return { kind: 'or', parts: [noneRelated(relation), some] };
}

/** NOTE: what is said only of the key of the row over there, the pairs know by themselves; no other table is asked. */
function related(relation: Relation, condition: Condition): Condition {
  if (relation.kind !== 'manyToMany') return { kind: 'related', relation, condition };
  const ofPair = onPairs(relation, condition);
  if (!ofPair) return { kind: 'related', relation, condition };
  return { kind: 'related', relation: pairsOf(relation), condition: ofPair };
}

/** The relation to the rows that hold the pairs. */
function pairsOf({ name, model, through, near }: ManyToManyRelation): Relation {
  return { kind: 'toMany', name, model, target: through, column: near, unique: false };
}

function onPairs(relation: ManyToManyRelation, condition: Condition): Condition | undefined {
  if (condition.kind === 'and') {
    const parts = condition.parts.map((part) => onPairs(relation, part));
    return parts.every((part) => part !== undefined) ? { kind: 'and', parts } : undefined;
  }
  if (!isAboutKey(relation, condition)) return undefined;
  return { ...condition, column: relation.far };
}

function isAboutKey({ target }: ManyToManyRelation, condition: Condition): condition is Comparison | SubqueryCondition {
  const compares = condition.kind === 'comparison' || condition.kind === 'inQuery';
  return compares && condition.column === target.primaryKey;
}

function all(parts: readonly Condition[]): Condition {
  const [only] = parts;
  return only && parts.length === 1 ? only : { kind: 'and', parts };
}
