import { expectTypeOf } from 'expect-type';
import { avg, count, max, Q, sum, type KeyedPage, type NumberedPage, type QuerySet } from '../../src/index.js';
import { Author, Book, Review } from '../support/bookshop-models.js';

/*
 * What the compiler knows of queries. Compiled with the project, never run.
 */

export function filters(author: Author): void {
  const books = Book.objects;
  expectTypeOf(books.filter({ title: 'a', pages__gte: 3, status__in: ['out', 'gone'] })).toEqualTypeOf<
    QuerySet<Book>
  >();
  books.filter({ author, author__in: [author, 1], editor: null, editor__isnull: true, author__id: 3 });
  books.filter({ author__name: 'Ann', author__mentor__name__icontains: 'a', author__mentor__mentor__id__gt: 3 });
  books.filter({ author__books__reviews__stars__in: [1, 2], reviews__text__regex: '^a', reviews__isnull: false });
  books.filter({ meta__a__b: 'x', meta__n__gt: 3, meta__in__exact: true, meta__isnull: true });
  books.filter({ id__in: Review.objects.column('bookId'), author__in: Author.objects.filter({ name: 'Ann' }) });
  books.filter(Q.or({ title: 'a' }, Q.not({ author__name__startswith: 'A' }), Q.and({ pages: 1 }, { status: 'out' })));
  Review.objects.filter({ book__author__books__status: 'out' }).exclude({ book__price: '9.50' });
  const dynamic: Record<string, unknown> = { title: 'a' };
  books.filter(dynamic);

  // @ts-expect-error an unknown column
  books.filter({ titel: 'a' });
  // @ts-expect-error an unknown column beside a known one
  books.filter({ title: 'a', titel: 'a' });
  // @ts-expect-error an unknown lookup
  books.filter({ pages__gtt: 1 });
  // @ts-expect-error no value of the column
  books.filter({ pages: 'many' });
  // @ts-expect-error no value of the enum
  books.filter({ status: 'lost' });
  // @ts-expect-error text lookups are for text
  books.filter({ pages__contains: '1' });
  // @ts-expect-error an unknown column of a related row
  books.filter({ author__nam: 'Ann' });
  // @ts-expect-error no value of a related row's column
  books.filter({ author__name: 5 });
  // @ts-expect-error no value of an enum, three relations away
  Review.objects.filter({ book__author__books__status: 'lost' });
  // @ts-expect-error an unknown lookup of a related row
  books.filter({ reviews__stars__contain: 5 });
  // @ts-expect-error text lookups are for text there too
  books.filter({ reviews__stars__contains: '5' });
  // @ts-expect-error a list of something else
  books.filter({ author__name__in: [1] });
  // @ts-expect-error a column of something else
  books.filter({ id__in: Author.objects.column('name') });
  // @ts-expect-error no column to select
  Author.objects.column('nam');
  // @ts-expect-error an unknown column in Q
  books.filter(Q.or({ title: 'a' }, { titel: 'b' }));
  // @ts-expect-error a wrong value deep in Q
  books.exclude(Q.and({ title: 'a' }, Q.not({ author__name: 5 })));
  // @ts-expect-error JSON has no dates
  books.filter({ meta__day__gt: new Date() });
  // @ts-expect-error a bare key
  books.filter(5);
}

export async function answers(): Promise<void> {
  const books = Book.objects.orderBy('-author__name', 'editor__mentor__id', 'pages');
  // @ts-expect-error an unknown column to order by
  Book.objects.orderBy('titel');
  // @ts-expect-error an unknown column there
  Book.objects.orderBy('-author__nam');
  // @ts-expect-error many rows have no order
  Book.objects.orderBy('reviews__stars');

  expectTypeOf(await books.values('id', 'title', 'author__name', 'editor__name', 'author', 'status')).toEqualTypeOf<
    {
      id: number;
      title: string;
      author__name: string;
      editor__name: string | null;
      author: number;
      status: 'draft' | 'out' | 'gone';
    }[]
  >();
  const [all] = await Author.objects.values();
  expectTypeOf(all?.mentorId).toEqualTypeOf<number | null | undefined>();
  // @ts-expect-error an unknown column
  await books.values('titel');
  expectTypeOf(await books.ids()).toEqualTypeOf<number[]>();

  expectTypeOf(
    await books.aggregate({
      n: count(),
      pages: sum('pages'),
      sold: sum('sold'),
      price: max('price'),
      mean: avg('price'),
      name: max('author__name'),
    }),
  ).toEqualTypeOf<{
    readonly n: number;
    readonly pages: number | null;
    readonly sold: bigint | null;
    readonly price: string | null;
    readonly mean: number | null;
    readonly name: string | null;
  }>();
  // @ts-expect-error an unknown column
  await books.aggregate({ total: sum('page') });
  // @ts-expect-error no numbers
  await books.aggregate({ total: sum('publishedAt') });
  // @ts-expect-error an unknown column to count
  await books.aggregate({ total: count('page') });

  const groups = await books.groupBy('author__name', 'status').aggregate({ n: count() }, { orderBy: ['-n', 'status'] });
  expectTypeOf(groups[0]?.author__name).toEqualTypeOf<string | undefined>();
  expectTypeOf(groups[0]?.n).toEqualTypeOf<number | undefined>();
  // @ts-expect-error neither a group nor an aggregate
  await books.groupBy('status').aggregate({ n: count() }, { orderBy: ['m'] });
  // @ts-expect-error an unknown column
  books.groupBy('statu');

  expectTypeOf(await books.paginate({ page: 1, pageSize: 10 })).toEqualTypeOf<NumberedPage<Book>>();
  expectTypeOf(await books.paginate({ after: undefined, pageSize: 10 })).toEqualTypeOf<KeyedPage<Book>>();
  for await (const book of books) expectTypeOf(book).toEqualTypeOf<Book>();
  expectTypeOf(await books.last()).toEqualTypeOf<Book | undefined>();
}
