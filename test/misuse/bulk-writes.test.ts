import {
  CachedModel,
  Column,
  connect,
  F,
  PrimaryKey,
  Table,
  UsageError,
  Version,
  type Database,
  type Manager,
} from '../../src/index.js';
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

/** What the types refuse and a caller without types may pass all the same. */
const untyped = (value: unknown): never => value as never;

describe('bulk writes that make no sense', () => {
  let db: Database;

  before(async () => {
    db = await connect({ database: 'sqlite::memory:' });
    await db.createTables([Thing]);
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
      ['an unknown column of F', { views: F('view') }, "misuseBulk.Thing has no column 'view'; did you mean 'views'?"],
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
});
