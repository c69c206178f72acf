import { expect } from 'chai';
import { planRead } from '../../src/query/compile/plan.js';
import type { Read } from '../../src/query/compile/read.js';
import { resolveName } from '../../src/query/conditions/resolve-name.js';
import { resolveOrder, resolvePath } from '../../src/query/conditions/resolve-path.js';
import { Q } from '../../src/query/conditions/q.js';
import { parseFilter } from '../../src/query/parse-filter.js';
import { QuerySet } from '../../src/query/query-set.js';
import { selectFor } from '../../src/query/select-sql.js';
import { SqlWriter } from '../../src/query/sql-writer.js';
import type { DialectName } from '../../src/schema/column-type.js';
import type { QueryState } from '../../src/schema/query-state.js';
import { schemaOf } from '../../src/schema/schema-of.js';
import { Author, Book } from '../support/bookshop-models.js';
import { Random } from '../support/random.js';

const dialects: readonly DialectName[] = ['sqlite', 'postgres'];

function stateOf(conditions: object, change: Partial<QueryState> = {}): QueryState {
  const model = schemaOf(Book);
  return {
    model,
    condition: parseFilter(model, conditions),
    order: [],
    limit: undefined,
    offset: undefined,
    ...change,
  };
}

/** A query of one of many shapes, with values of its own. */
function randomState(random: Random, depth = 0): QueryState {
  const some = (): object => {
    const n = random.below(50);
    const list = Array.from({ length: 1 + random.below(4) }, (_, index) => n + index);
    return random.oneOf<object>([
      { pages: n },
      { pages__in: list, title__icontains: `t${n}` },
      { title__startswith: `${n}%`, price__gte: `${n}.5` },
      { pages__range: [n, n + 5], weight__in: list.map((one) => one / 3) },
      { editor__email__isnull: true, author__name__iendswith: 'x' },
      { reviews__stars__gt: n, reviews__text__regex: 'a+' },
      { author__mentor__name: `m${n}`, author__books__pages: n },
      { meta__a__b: random.oneOf<unknown>(['x', n, true]), meta__c__lt: random.oneOf<unknown>(['x', n]) },
      ...(depth < 2 ? [{ id__in: new QuerySet(randomState(random, depth + 1)) }] : []),
      ...(depth < 2 ? [Q.or(some2(), Q.not(some2()))] : []),
    ]);
  };
  const some2 = (): object => ({ pages__lt: random.below(9), title: `${random.below(9)}` });
  const model = schemaOf(Book);
  const order = [resolveOrder(model, random.oneOf(['title', '-author__name', 'editor__mentor__email']))];
  const slice = randomSlice(random);
  return stateOf(some(), {
    order: slice || random.below(2) ? order : [],
    slice,
    limit: random.below(2) ? random.below(9) : undefined,
    offset: random.below(3) ? undefined : random.below(9),
  });
}

/** A limit for each author or editor. */
function randomSlice(random: Random): QueryState['slice'] {
  const { byRelation, primaryKey } = schemaOf(Book);
  const by = random.below(3) ? undefined : byRelation.get(random.oneOf(['author', 'editor']));
  const limit = random.below(3) ? random.below(9) : undefined;
  return by && { by, keys: [primaryKey], limit, offset: random.below(2) ? random.below(9) : undefined };
}

function randomRead(random: Random): Read {
  const model = schemaOf(Book);
  const of = resolvePath(model, random.oneOf(['pages', 'author__name']), 'test');
  return random.oneOf<Read>([
    { kind: 'rows', more: random.below(2) ? [of] : [] },
    { kind: 'columns', columns: [of] },
    { kind: 'only' },
    { kind: 'count' },
    { kind: 'exists' },
    {
      kind: 'aggregate',
      groups: random.below(2) ? [of] : [],
      aggregates: [{ name: 'n', function: 'max', of, distinct: false }],
      order: random.below(2) ? [{ by: 'aggregate', index: 0, descending: true }] : [],
      limit: random.below(2) ? random.below(9) : undefined,
      offset: undefined,
    },
  ]);
}

describe('the texts of queries', () => {
  it('are written once for all queries of one shape', () => {
    const { parameter } = SqlWriter.prototype;
    let written = 0;
    SqlWriter.prototype.parameter = function (value) {
      written += 1;
      return parameter.call(this, value);
    };
    try {
      for (const dialect of dialects) {
        const plan = (n: number, length: number): string => {
          const list = Array.from({ length }, (_, index) => index);
          const state = stateOf(
            {
              title: `once${n}`,
              pages__in: list,
              author__name__icontains: `${n}`,
              weight__in: list.map((one) => one / 7),
            },
            { limit: n },
          );
          return planRead(state, { kind: 'rows', more: [] }, dialect).statement.text;
        };
        const text = plan(1, 2);
        const once = written;
        expect(plan(2, 50_000)).to.equal(text);
        expect(written).to.equal(once);
        expect(once).to.be.greaterThan(0);
        written = 0;
      }
    } finally {
      SqlWriter.prototype.parameter = parameter;
    }
  });

  it('have the values of each query in their places', () => {
    const random = Random.fromEnvironment('QUERY_TEXTS_SEED');
    for (let run = 0; run < 3000; run += 1) {
      const [state, read] = [randomState(random), randomRead(random)];
      for (const dialect of dialects) {
        const { text, parameters } = selectFor(state, read, dialect);
        const planned = planRead(state, read, dialect);
        const where = `QUERY_TEXTS_SEED=${random.seed}, run ${run}, ${dialect}`;
        expect(planned.statement.text, where).to.equal(text);
        expect(planned.statement.parameters, where).to.deep.equal(parameters);
      }
    }
  });

  it('with their values identify a query', () => {
    const read: Read = { kind: 'count' };
    const identity = (conditions: object): string => planRead(stateOf(conditions), read, 'postgres').identity();
    expect(identity({ pages: 1 })).to.equal(identity({ pages: 1 }));
    const different = [
      ...[{ pages: 1 }, { pages: 2 }, { pages: null }, { pages__gt: 1 }, { pages__in: [1] }, { pages__in: [] }],
      ...[{ sold: 2n ** 60n }, { sold: 2n ** 60n + 1n }, { weight: Infinity }, { weight: -Infinity }, { weight: 0.1 }],
      ...[{ meta__a: 1 }, { meta__a: '1' }, { meta__a: true }, { meta__a: 'true' }, { meta__b: 1 }, { title: '1' }],
      ...[{ editor__name: 'a' }, { author__name: 'a' }, { author__mentor__name: 'a' }, { id__in: Author.objects }],
    ].map(identity);
    expect(new Set(different).size).to.equal(different.length);
  });

  it('are of names that are looked up once, but for paths into JSON, of which there is no end', () => {
    const model = schemaOf(Book);
    const isKept = (name: string): boolean => resolveName(model, name) === resolveName(model, name);
    expect(['pages', 'pages__gt', 'meta__isnull', 'authorId__in'].map(isKept)).to.deep.equal([true, true, true, true]);
    expect(isKept('meta__a__b')).to.equal(false);
    expect(isKept('author__name')).to.equal(false); // models that are declared later may add relations
  });
});
