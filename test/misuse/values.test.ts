import {
  CachedModel,
  Column,
  connect,
  invalidate,
  PrimaryKey,
  Table,
  UsageError,
  ValidationError,
  Version,
  type CacheManager,
  type Database,
  type Manager,
} from '../../src/index.js';
import { expect } from 'chai';
import { freshDatabase } from '../setup/fresh.js';
import { rejection, thrown } from '../support/rejection.js';

@Table('misuse_things', { label: 'misuse.Thing' })
class Thing extends CachedModel {
  declare static objects: Manager<Thing>;
  declare static cache: CacheManager<Thing>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'text', unique: true, nullable: true }) declare slug: string | null;
  @Column({ type: 'integer', default: 0 }) declare views: number;
  @Column({ type: 'json', nullable: true }) declare meta: object | null;
  @Version() declare version: number;
}

@Table('misuse_tokens', { label: 'misuse.Token' })
class Token extends CachedModel {
  declare static cache: CacheManager<Token>;
  @PrimaryKey({ type: 'uuid' }) declare id: string;
}

/** What the types refuse and a caller without types may pass all the same. */
const untyped = (value: unknown): never => value as never;

for (const kind of ['sqlite-memory', 'postgres'] as const) {
  describe(`values that make no sense on ${kind}`, () => {
    let db: Database;

    before(async () => {
      db = await connect({ database: await freshDatabase(kind) });
      await db.createTables([Thing, Token]);
    });
    after(() => db.close());

    describe('as keys', () => {
      const keys: readonly (readonly [unknown, typeof ValidationError | typeof UsageError, string])[] = [
        ['1', ValidationError, 'misuse.Thing: id expects a whole number, got text'],
        [
          1.5,
          ValidationError,
          "misuse.Thing: id expects a whole number, got one with a fraction; type: 'float' keeps fractions",
        ],
        [NaN, ValidationError, 'misuse.Thing: id expects a whole number, got NaN'],
        [
          2 ** 40,
          ValidationError,
          "misuse.Thing: id expects a whole number from -2147483648 to 2147483647, got one outside; type: 'bigint' holds it",
        ],
        [1n, ValidationError, 'misuse.Thing: id expects a whole number, got a bigint'],
        [null, UsageError, 'misuse.Thing: expected a key (integer), got null'],
        [undefined, UsageError, 'misuse.Thing: expected a key (integer), got undefined'],
      ];
      for (const [key, error, message] of keys) {
        it(`are refused by every verb: ${typeof key} ${String(key)}`, async () => {
          const { cache } = Thing;
          await rejection(cache.get(untyped(key)), error, message);
          await rejection(cache.find(untyped(key)), error, message);
          await rejection(cache.getMany([1, untyped(key)]), error, message);
          await rejection(cache.refresh(untyped(key)), error, message);
          await rejection(cache.invalidate(untyped(key)), error, message);
          await rejection(cache.explain(untyped(key)), error, message);
          thrown(() => cache.peek(untyped(key)), error, message);
        });
      }

      it('are refused where they are no uuid', async () => {
        const message =
          'misuse.Token: id expects a UUID as text, 32 hexadecimal digits in groups of 8-4-4-4-12, got other text';
        await rejection(Token.cache.get('secret'), ValidationError, message);
      });

      it('need a unique column', async () => {
        await rejection(
          Thing.cache.get({ views: 1 }),
          UsageError,
          'misuse.Thing.cache.get({ views }): none of these is a unique column with a value. Use one of id, slug, or objects.get().',
        );
        const nothing =
          'misuse.Thing.cache.get({ slug }): none of these is a unique column with a value. Use one of id, slug, or objects.get().';
        await rejection(Thing.cache.get({ slug: null }), UsageError, nothing);
        await rejection(
          Thing.cache.get(untyped({ slag: 'x' })),
          UsageError,
          "misuse.Thing has no column 'slag'; did you mean 'slug'?",
        );
      });
    });

    describe('in filters', () => {
      const filters: readonly (readonly [string, unknown, string])[] = [
        ['an unknown column', { viws: 1 }, "misuse.Thing has no column 'viws'; did you mean 'views'?"],
        ['a column like no other', { zzzzzz: 1 }, "misuse.Thing has no column 'zzzzzz'"],
        [
          'an unknown lookup',
          { views__gtt: 1 },
          "misuse.Thing: 'views__gtt' uses an unknown lookup 'gtt'; did you mean 'gt'?",
        ],
        [
          'a lookup like no other',
          { views__nearly: 1 },
          "misuse.Thing: 'views__nearly' uses an unknown lookup 'nearly'; use one of exact, iexact, contains, icontains, startswith, istartswith, endswith, iendswith, in, gt, gte, lt, lte, range, isnull, regex",
        ],
        [
          'undefined',
          { views: undefined },
          "misuse.Thing: the value of 'views' is undefined; leave it out, or write null or views__isnull",
        ],
        ['no list for in', { views__in: 1 }, "misuse.Thing: 'views__in' takes a list; got number"],
        [
          'null in a list',
          { views__in: [1, null] },
          "misuse.Thing: the list of 'views__in' holds null, which equals nothing; use __isnull for it",
        ],
        [
          'a range of one',
          { views__range: [1] },
          "misuse.Thing: 'views__range' takes a list of two values; got a list of 1",
        ],
        [
          'no boolean for isnull',
          { views__isnull: 1 },
          "misuse.Thing: 'views__isnull' takes true or false; got number",
        ],
        ['null to compare with', { views__gt: null }, "misuse.Thing: 'views__gt' takes a value; got null"],
        [
          'JSON',
          { meta: {} },
          "misuse.Thing: a json column such as 'meta' can only be asked for null (meta__isnull), or by a name inside it",
        ],
        ['a bare key', 1, 'misuse.Thing: expected conditions as an object, such as { id: 1 }; got number'],
        ['nothing', null, 'misuse.Thing: expected conditions as an object, such as { id: 1 }; got null'],
      ];
      for (const [what, filter, message] of filters) {
        it(`are refused: ${what}`, () => {
          thrown(() => Thing.objects.filter(untyped(filter)), UsageError, message);
          thrown(() => Thing.objects.exclude(untyped(filter)), UsageError, message);
        });
      }

      it('of another type are refused as a value of the column', () => {
        thrown(
          () => Thing.objects.filter({ views: untyped('many') }),
          ValidationError,
          'misuse.Thing: views expects a whole number, got text',
        );
        thrown(
          () => Thing.objects.filter({ slug__in: [untyped(1)] }),
          ValidationError,
          'misuse.Thing: slug expects text, got a number',
        );
      });
    });

    it('are refused in order, limit and offset', () => {
      thrown(
        () => Thing.objects.orderBy(untyped('-viws')),
        UsageError,
        "misuse.Thing has no column 'viws'; did you mean 'views'?",
      );
      thrown(
        () => Thing.objects.orderBy(untyped(1)),
        UsageError,
        'misuse.Thing: orderBy takes names of columns, got number',
      );
      thrown(() => Thing.objects.limit(-1), UsageError, 'limit takes a whole number from 0, got -1');
      thrown(() => Thing.objects.offset(1.5), UsageError, 'offset takes a whole number from 0, got 1.5');
      thrown(() => Thing.objects.offset(-1), UsageError, 'offset takes a whole number from 0, got -1');
    });

    describe('in updates', () => {
      const updates: readonly (readonly [object, typeof ValidationError | typeof UsageError, string])[] = [
        [{}, UsageError, 'misuse.Thing: update() got no columns to set'],
        [{ viws: 1 }, UsageError, "misuse.Thing has no column 'viws'; did you mean 'views'?"],
        [
          { views: undefined },
          UsageError,
          "misuse.Thing: update() got undefined for 'views'; leave it out, or write null",
        ],
        [
          { id: 2 },
          UsageError,
          "misuse.Thing: update() cannot change the primary key 'id'; delete the row and create another",
        ],
        [
          { version: 2 },
          UsageError,
          "misuse.Thing: update() cannot set 'version', which counts up by itself; leave it out",
        ],
        [{ views: null }, ValidationError, 'misuse.Thing: views is required'],
        [{ views: 'x' }, ValidationError, 'misuse.Thing: views expects a whole number, got text'],
      ];
      for (const [values, error, message] of updates) {
        it(`are refused: ${message}`, async () => {
          await rejection(Thing.objects.update(untyped(values)), error, message);
        });
      }
    });

    it('are refused by constructors', async () => {
      const unknown = "misuse.Thing has no column 'slugg'; did you mean 'slug'?";
      thrown(() => new Thing({ slugg: 'x' }), UsageError, unknown);
      await rejection(Thing.create(untyped({ slugg: 'x' })), UsageError, unknown);
      await rejection(Thing.objects.create(untyped({ slugg: 'x' })), UsageError, unknown);
      await rejection(Thing.objects.bulkCreate([untyped({ slugg: 'x' })]), UsageError, unknown);
      const expected = 'new misuse.Thing(values): expected an object of properties, got';
      thrown(() => new Thing(untyped('x')), UsageError, `${expected} text`);
      thrown(() => new Thing(untyped([1])), UsageError, `${expected} an array`);
    });

    it('are refused by instances that cannot do what is asked', async () => {
      const thing = new Thing();
      await rejection(
        thing.delete(),
        UsageError,
        'misuse.Thing: this instance was never stored, so there is nothing to delete',
      );
      await rejection(
        thing.reload(),
        UsageError,
        'misuse.Thing: this instance was never stored, so there is nothing to reload',
      );
      await rejection(invalidate(thing), UsageError, 'invalidate(instance): this misuse.Thing was never stored');
      await rejection(
        invalidate(untyped({})),
        UsageError,
        'invalidate(instance): expected a model instance, got object',
      );
      const stored = await Thing.create({});
      stored.id += 1;
      await rejection(
        stored.save(),
        UsageError,
        'misuse.Thing: the primary key cannot be changed; delete the row and create another',
      );
      Object.assign(stored, { id: undefined });
      await rejection(stored.save(), ValidationError, 'misuse.Thing: id is required');
      expect(await Thing.objects.count()).to.equal(1);
    });
  });
}
