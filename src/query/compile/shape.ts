import type { DialectName } from '../../schema/column-type.js';
import type { Condition } from '../../schema/condition.js';
import type { ColumnSchema, ModelSchema } from '../../schema/model-schema.js';
import type { ColumnPath, GroupSlice, QueryState } from '../../schema/query-state.js';
import type { Relation } from '../../schema/relations.js';
import { askedOf, withoutIdleOrder } from './asked.js';
import { compileComparison } from './comparison.js';
import { placesOf } from './group-slice.js';
import type { Read } from './read.js';

/**
 * Walks what a statement is made of without writing it. Reads of one shape have one text.
 *
 * NOTE: it meets the values in the order in which the text has their placeholders; a test holds the two together.
 */
export class Shape {
  key = '';
  readonly parameters: unknown[] = [];
  readonly #dialect: DialectName;

  constructor(state: QueryState, read: Read, dialect: DialectName) {
    this.#dialect = dialect;
    this.key = `${read.kind}${state.distinct ? '!' : ''}${state.lock ? `${state.lock.strength}${state.lock.others ?? ''}` : ''}`;
    this.#read(read);
    this.#query(askedOf(state, read));
    if (read.kind !== 'aggregate') return;
    this.key += '|'; // NOTE: else a limit of the groups would look like one of the rows
    this.#limit(read);
  }

  #read(read: Read): void {
    if (read.kind === 'rows') this.#paths(read.more);
    if (read.kind === 'columns') this.#paths(read.columns);
    if (read.kind !== 'aggregate') return;
    this.#paths(read.groups);
    for (const term of read.aggregates) {
      this.key += `;${term.function}${term.distinct ? '!' : ''}`;
      if (term.of) this.#path(term.of);
    }
    for (const { by, index, descending } of read.order) this.key += `<${by}${index}${descending ? '-' : ''}`;
  }

  #query(state: QueryState): void {
    this.key += `|${idOf(state.model)}`;
    if (state.condition) this.#condition(state.condition);
    if (state.slice) this.#slice(state.slice);
    for (const term of state.order) {
      this.key += term.descending ? '-' : '+';
      this.#path(term);
    }
    this.#limit(state);
  }

  #slice(slice: GroupSlice): void {
    const places = placesOf(slice);
    this.key += `G${[slice.by, ...slice.keys].map(idOf).join()}:${places.length}`;
    this.parameters.push(...places);
  }

  #limit({ limit, offset }: { readonly limit?: number | undefined; readonly offset?: number | undefined }): void {
    if (limit !== undefined) {
      this.key += 'L';
      this.parameters.push(limit);
    }
    if (offset !== undefined) {
      this.key += 'O';
      this.parameters.push(offset);
    }
  }

  #paths(paths: readonly ColumnPath[]): void {
    for (const path of paths) this.#path(path);
  }

  #path({ path, column }: ColumnPath): void {
    for (const relation of path) this.key += `.${idOf(relation.column)}`;
    this.key += `,${idOf(column)}`;
  }

  #condition(condition: Condition): void {
    switch (condition.kind) {
      case 'comparison': {
        const { form, parameters } = compileComparison(condition, this.#dialect);
        this.key += `?${idOf(condition.column)}${form}`;
        for (const parameter of parameters) this.parameters.push(parameter);
        return;
      }
      case 'and':
      case 'or':
        this.key += condition.kind === 'and' ? '&(' : '/(';
        for (const part of condition.parts) this.#condition(part);
        this.key += ')';
        return;
      case 'not':
        this.key += '^';
        return this.#condition(condition.part);
      case 'related':
        this.key += `@${relationKey(condition.relation)}(`;
        if (condition.condition) this.#condition(condition.condition);
        this.key += ')';
        return;
      case 'inQuery':
        this.key += `$${idOf(condition.column)}(${idOf(condition.selected)}`;
        this.#query(withoutIdleOrder(condition.query));
        this.key += ')';
    }
  }
}

function relationKey(relation: Relation): string {
  if (relation.kind === 'manyToMany') return `m${idOf(relation.near)},${idOf(relation.far)}`;
  return `${relation.kind === 'toOne' ? 'o' : 't'}${idOf(relation.column)},${idOf(relation.target)}`;
}

const ids = new WeakMap<object, number>();
let lastId = 0;

function idOf(thing: ColumnSchema | ModelSchema): number {
  let id = ids.get(thing);
  if (id === undefined) {
    lastId += 1;
    id = lastId;
    ids.set(thing, id);
  }
  return id;
}
