import {
  CachedModel,
  CachedForeignKey,
  Column,
  ForeignKey,
  PrimaryKey,
  Table,
  type CacheManager,
  type Manager,
  type QuerySet,
  type Related,
} from '../../src/index.js';

/** Books with authors, who have mentors among each other, and reviews: for queries across relations. */

@Table('bookshop_authors', { label: 'bookshop.Author' })
export class Author extends CachedModel {
  declare static objects: Manager<Author>;
  declare static cache: CacheManager<Author>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'text' }) declare name: string;
  @Column({ type: 'text', nullable: true }) declare email: string | null;
  @ForeignKey(() => Author, { nullable: true, relatedName: 'pupils', onDelete: 'set null' })
  declare mentor: Related<Author | null>;
  declare mentorId: number | null;

  declare readonly pupils: QuerySet<Author>;
  declare readonly books: QuerySet<Book>;
}

@Table('bookshop_books', { label: 'bookshop.Book' })
export class Book extends CachedModel {
  declare static objects: Manager<Book>;
  declare static cache: CacheManager<Book>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'text' }) declare title: string;
  @Column({ type: 'integer', default: 0 }) declare pages: number;
  @Column({ type: 'bigint', nullable: true }) declare sold: bigint | null;
  @Column({ type: 'decimal', nullable: true }) declare price: string | null;
  @Column({ type: 'float', nullable: true }) declare weight: number | null;
  @Column({ type: 'datetime', nullable: true }) declare publishedAt: Date | null;
  @Column({ type: 'enum', values: ['draft', 'out', 'gone'], default: 'draft' }) declare status:
    'draft' | 'out' | 'gone';
  @Column({ type: 'json', nullable: true }) declare meta: Record<string, unknown> | null;
  @CachedForeignKey(() => Author, { relatedName: 'books' }) declare author: Related<Author>;
  declare authorId: number;
  @ForeignKey(() => Author, { nullable: true }) declare editor: Related<Author | null>;
  declare editorId: number | null;

  declare readonly reviews: QuerySet<Review>;
}

@Table('bookshop_reviews', { label: 'bookshop.Review' })
export class Review extends CachedModel {
  declare static objects: Manager<Review>;
  declare static cache: CacheManager<Review>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'integer' }) declare stars: number;
  @Column({ type: 'text', nullable: true }) declare text: string | null;
  @ForeignKey(() => Book, { relatedName: 'reviews' }) declare book: Related<Book>;
  declare bookId: number;
}

export const bookshopModels = [Author, Book, Review] as const;

/** Ann, her pupil Bob, his pupil Cem, and Dee alone; books a to e; reviews of a, b and c. */
export async function fillBookshop(): Promise<void> {
  await Author.objects.bulkCreate([
    { id: 1, name: 'Ann', email: 'ann@x.org' },
    { id: 2, name: 'Bob', mentorId: 1 },
    { id: 3, name: 'Cem', email: 'cem@x.org', mentorId: 2 },
    { id: 4, name: 'Dee', email: 'dee@x.org' },
  ]);
  await Book.objects.bulkCreate([
    { id: 1, title: 'a', authorId: 1, editorId: 2, pages: 100, price: '9.50', status: 'out' },
    { id: 2, title: 'b', authorId: 1, pages: 300, price: '20', status: 'out' },
    { id: 3, title: 'c', authorId: 2, editorId: 3, pages: 200, status: 'gone' },
    { id: 4, title: 'd', authorId: 3, editorId: 4, pages: 50, price: '9.5' },
    { id: 5, title: 'e', authorId: 2, pages: 100, price: '7.25' },
  ]);
  await Review.objects.bulkCreate([
    { id: 1, bookId: 1, stars: 5, text: 'good' },
    { id: 2, bookId: 1, stars: 1 },
    { id: 3, bookId: 2, stars: 3, text: 'fair' },
    { id: 4, bookId: 3, stars: 1, text: 'bad' },
  ]);
}
