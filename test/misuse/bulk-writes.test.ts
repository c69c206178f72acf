import {
  CachedModel,
  Column,
  connect,
  F,
  PrimaryKey,
  Table,
  UsageError,
  ValidationError,
  Version,
  type Database,
  type Manager,
} from '../../src/index.js';
import { freshDatabase } from '../setup/fresh.js';
import { rejection, thrown } from '../support/rejection.js';

@Table('misuse_bulk_things', { label: 'misuseBulk.Thing' })
class Thing extends CachedModel {
  declare static objects: Manager<Thing>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'text', unique: true, nullable: true }) declare slug: string | null;
  @Column({ type: 'integer', default: 0 }) declare views: number;
  @Column({ type: 'float', default: 0 }) declare score: number;
  @Column({ type: 'json', nullable: true }) declare meta: object | null;
  @Version() declare version: number;
}

@Table('misuse_bulk_others', { label: 'misuseBulk.Other' })
class Other extends CachedModel {
  declare static objects: Manager<Other>;
  @PrimaryKey() declare id: number;
}

/** What the types refuse and a caller without types may pass all the same. */
const untyped = (value: unknown): never => value as never;

for (const kind of ['sqlite-memory', 'postgres'] as const) {
  describe(`bulk writes that make no sense on ${kind}`, () => {
    let db: Database;

    before(async () => {
      db = await connect({ database: await freshDatabase(kind) });
      await db.createTables([Thing, Other]);
    });
    after(() => db.close());

    describe('update', () => {
      const refused: readonly (readonly [string, object, string])[] = [
        [
          'the primary key',
          { id: 2 },
          "misuseBulk.Thing: update() cannot change the primary key 'id'; delete the row and create another",
        ],
        [
          'the version',
          { version: F('version').plus(1) },
          "misuseBulk.Thing: update() cannot set 'version', which counts up by itself; leave it out",
        ],
        ['an unknown column', { view: 1 }, "misuseBulk.Thing has no column 'view'; did you mean 'views'?"],
        [
          'an unknown column of F',
          { views: F('view') },
          "misuseBulk.Thing has no column 'view'; did you mean 'views'?",
        ],
        [
          'undefined',
          { views: undefined },
          "misuseBulk.Thing: update() got undefined for 'views'; leave it out, or write null",
        ],
        ['nothing', {}, 'misuseBulk.Thing: update() got no columns to set'],
        [
          'arithmetic on text',
          { slug: F('slug').plus(1) },
          "misuseBulk.Thing: 'slug' cannot be computed with, since it is a text column; arithmetic is for integer, bigint, float and decimal",
        ],
        [
          'a column of another type',
          { views: F('slug') },
          "misuseBulk.Thing: 'views' is an integer column and cannot get the value of 'slug', which is text",
        ],
        [
          'a fraction for whole numbers',
          { views: F('views').plus(0.5) },
          "misuseBulk.Thing: 'views' is an integer column and is computed with whole numbers; got one with a fraction",
        ],
        [
          'fractions of another column for whole numbers',
          { views: F('score').plus(1) },
          "misuseBulk.Thing: 'views' is an integer column and cannot get the value of 'score', which is float",
        ],
        [
          'text to compute with',
          { views: F('views').plus(untyped('1; DROP TABLE x')) },
          "misuseBulk.Thing: 'views' is an integer column and is computed with whole numbers; got text",
        ],
        [
          'what is no number',
          { score: F('score').times(NaN) },
          "misuseBulk.Thing: 'score' is a float column and is computed with numbers; got NaN",
        ],
      ];
      for (const [what, values, message] of refused) {
        it(`refuses ${what}`, () => rejection(Thing.objects.update(untyped(values)), UsageError, message));
      }

      it('refuses expressions that cannot be', () => {
        thrown(() => F(untyped(3)), UsageError, "F takes the name of a column, such as F('views'); got a number");
        thrown(() => F('views').dividedBy(0), UsageError, 'F(…).dividedBy takes a number other than 0');
        thrown(
          () => F('views').dividedBy(untyped(F('score'))),
          UsageError,
          'F(…).dividedBy takes a number, not an expression: a row may hold 0 there',
        );
      });
    });

    describe('bulkUpdate', () => {
      it('refuses instances that it cannot update', async () => {
        const stored = await Thing.create({});
        const copy = await Thing.objects.get({ id: stored.id });
        const removed = await Thing.create({});
        await removed.delete();
        const cases: readonly (readonly [unknown, string])[] = [
          [stored, 'takes a list of instances, got an instance of Thing'],
          [[stored, { id: 1 }], 'takes instances of misuseBulk.Thing, got an object'],
          [[await Other.create({})], 'takes instances of misuseBulk.Thing, got an instance of Other'],
          [[null], 'takes instances of misuseBulk.Thing, got null'],
          [[new Thing({})], 'takes instances that are stored; one of them was never stored'],
          [[removed], 'takes instances that are stored; one of them was deleted'],
          [[stored, copy], 'got two instances of one row; give one of them'],
        ];
        for (const [instances, message] of cases) {
          await rejection(
            Thing.objects.bulkUpdate(untyped(instances), ['views']),
            UsageError,
            `misuseBulk.Thing: bulkUpdate() ${message}`,
          );
        }
      });

      it('refuses columns that it cannot set', async () => {
        const cases: readonly (readonly [unknown, string])[] = [
          [[], "misuseBulk.Thing: bulkUpdate(instances, columns) takes a list of columns to store, such as ['title']"],
          [
            'views',
            "misuseBulk.Thing: bulkUpdate(instances, columns) takes a list of columns to store, such as ['title']",
          ],
          [['id'], "misuseBulk.Thing: bulkUpdate() cannot change the primary key 'id'; leave it out"],
          [['version'], "misuseBulk.Thing: bulkUpdate() cannot set 'version', which counts up by itself; leave it out"],
          [['view'], "misuseBulk.Thing has no column 'view'; did you mean 'views'?"],
        ];
        for (const [names, message] of cases) {
          await rejection(Thing.objects.bulkUpdate([], untyped(names)), UsageError, message);
        }
      });
    });

    describe('upsertMany', () => {
      const rows = [{ slug: 'a' }];

      it('refuses what names no target, or columns that it cannot set', async () => {
        const cases: readonly (readonly [object, string])[] = [
          [
            { onConflict: [] },
            "misuseBulk.Thing: onConflict takes the columns that are unique, such as ['slug']; got none",
          ],
          [{}, "misuseBulk.Thing: onConflict takes the columns that are unique, such as ['slug']; got none"],
          [{ onConflict: ['slog'] }, "misuseBulk.Thing has no column 'slog'; did you mean 'slug'?"],
          [{ onConflict: ['slug'], update: ['view'] }, "misuseBulk.Thing has no column 'view'; did you mean 'views'?"],
          [
            { onConflict: ['slug'], update: ['slug'] },
            "misuseBulk.Thing: update of upsertMany() cannot name 'slug', which tells which row is meant; leave it out",
          ],
          [
            { onConflict: ['slug'], update: ['id'] },
            "misuseBulk.Thing: update of upsertMany() cannot name 'id', which tells which row is meant; leave it out",
          ],
          [
            { onConflict: ['slug'], update: ['version'] },
            "misuseBulk.Thing: update of upsertMany() cannot name 'version', which counts up by itself; leave it out",
          ],
          [
            { onConflict: ['views'] },
            'misuseBulk.Thing: onConflict names views, but the table has no unique constraint on exactly that; name the columns of one',
          ],
        ];
        for (const [options, message] of cases) {
          await rejection(Thing.objects.upsertMany(rows, untyped(options)), UsageError, message);
        }
      });

      it('refuses two rows of one key, and one without', async () => {
        const onConflict = ['slug'] as const;
        await rejection(
          Thing.objects.upsertMany([{ slug: 'a' }, { slug: 'b' }, { slug: 'a' }], { onConflict }),
          UsageError,
          'misuseBulk.Thing: two of the rows have the same slug; give each once',
        );
        await rejection(
          Thing.objects.upsertMany([{ views: 1 }], { onConflict }),
          ValidationError,
          'misuseBulk.Thing: slug is required, because onConflict tells rows by it',
        );
      });
    });

    describe('getOrCreate and updateOrCreate', () => {
      it('refuse values that tell no row', async () => {
        for (const values of [{}, null, undefined, 1]) {
          await rejection(
            Thing.objects.getOrCreate(untyped(values)),
            UsageError,
            "misuseBulk.Thing: getOrCreate() takes the values that tell the row, such as { slug: 'a' }",
          );
        }
        await rejection(
          Thing.objects.updateOrCreate(untyped({ slug__in: ['a'] }), {}),
          UsageError,
          "misuseBulk.Thing has no column 'slug__in'",
        );
        await rejection(
          Thing.objects.updateOrCreate({ slug: 'a' }, untyped({ view: 1 })),
          UsageError,
          "misuseBulk.Thing has no column 'view'; did you mean 'views'?",
        );
      });
    });
  });
}
