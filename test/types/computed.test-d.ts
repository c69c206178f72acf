import { expectTypeOf } from 'expect-type';
import {
  cached,
  cacheOf,
  CachedModel,
  CacheNode,
  Node,
  PrimaryKey,
  Table,
  type CachedEntry,
  type Manager,
} from '../../src/index.js';

/*
 * What the compiler knows of cached functions, without a cast in user code. Compiled with the project, never run.
 */

@Table('types_books')
class Book extends CachedModel {
  declare static objects: Manager<Book>;
  @PrimaryKey() declare id: number;
}

interface Stats {
  readonly count: number;
}

export async function functions(): Promise<void> {
  const stats = cached(
    'types.stats',
    async (category: number, year?: number): Promise<Stats> => ({ count: category + (year ?? 0) }),
    {
      ttl: '2m',
      watch: [Book, () => Book, 'Book', Book.objects.filter({ id: 1 }), [Book, (book: Book) => [book.id]]],
      tag: (category) => [`category:${category}`],
      skip: (_category, year) => year === 0,
      key: (category, year) => [category, year],
      onHit: ({ args: [category, year] }) => expectTypeOf([category, year]).toEqualTypeOf<(number | undefined)[]>(),
      loadMany: async (calls) => calls.map(([count]) => ({ count })),
      codec: { encode: ({ count }) => count, decode: (count) => ({ count: Number(count) }) },
    },
  );
  expectTypeOf(await stats(1)).toEqualTypeOf<Stats>();
  expectTypeOf(await stats.peek(1, 2)).toEqualTypeOf<Stats | undefined>();
  expectTypeOf(await stats.getMany([[1], [2, 3]])).toEqualTypeOf<Stats[]>();
  expectTypeOf(await stats.entry(1)).toEqualTypeOf<CachedEntry<Stats> | undefined>();
  await stats.set([1], { count: 1 });
  // @ts-expect-error the argument is a number
  await stats('1');
  // @ts-expect-error there is an argument
  await stats.invalidate();
  // @ts-expect-error the value is no Stats
  await stats.set([1], 5);
  // @ts-expect-error there is no such option
  cached('types.wrong', async () => 1, { tttl: 5 });
  // @ts-expect-error a watch is a model, a query set or one of them with a path
  cached('types.wrong', async () => 1, { watch: [5] });

  expectTypeOf(cached('types.plain', () => 5)).returns.toEqualTypeOf<Promise<number>>();
  expectTypeOf(await cacheOf('types.stats')(1, 'x')).toEqualTypeOf<unknown>();
  expectTypeOf(await cacheOf<[number], Stats>('types.stats')(1)).toEqualTypeOf<Stats>();
}

@Node('types.shelf')
class Shelf extends CacheNode<{ book: Book; year?: number }, Stats> {
  static readonly fields = ['book', 'year'];

  override async load(): Promise<Stats> {
    expectTypeOf(this.fields).toEqualTypeOf<{ book: Book; year?: number }>();
    return { count: this.fields.book.id + (this.fields.year ?? 0) };
  }
}

export async function nodes(book: Book): Promise<void> {
  const shelf = new Shelf({ book });
  expectTypeOf(shelf.fields.year).toEqualTypeOf<number | undefined>();
  expectTypeOf(await shelf.get()).toEqualTypeOf<Stats>();
  expectTypeOf(await shelf.peek()).toEqualTypeOf<Stats | undefined>();
  expectTypeOf(await shelf.entry()).toEqualTypeOf<CachedEntry<Stats> | undefined>();
  expectTypeOf(await Shelf.getMany([shelf, new Shelf({ book, year: 1 })])).toEqualTypeOf<Stats[]>();
  await shelf.set({ count: 1 });
  // @ts-expect-error the value is no Stats
  await shelf.set(5);
  // @ts-expect-error there is no book
  new Shelf({ year: 1 });
  // @ts-expect-error the year is a number
  new Shelf({ book, year: '1' });
  // @ts-expect-error there is no such field
  new Shelf({ book, yaer: 1 });

  const Defined = CacheNode.define({ label: 'types.defined', load: async ({ id }: { id: number }) => `${id}` });
  expectTypeOf(await new Defined({ id: 1 }).get()).toEqualTypeOf<string>();
  // @ts-expect-error the id is a number
  new Defined({ id: '1' });
}
