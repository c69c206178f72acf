import {
  CachedForeignKey,
  CachedModel,
  Column,
  moneyclip,
  PrimaryKey,
  Table,
  type CacheManager,
  type Manager,
  type Related,
} from '../../src/index.js';

/** Shelves of books: a row, a unique key, a list and a computed value that change with them. */

@Table('captured_shelves', { label: 'captured.Shelf' })
export class Shelf extends CachedModel {
  declare static objects: Manager<Shelf>;
  declare static cache: CacheManager<Shelf>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;

  @moneyclip()
  async titles(): Promise<string[]> {
    const books = await Book.objects.filter({ shelf: this }).orderBy('id').all();
    return books.map((book) => book.title);
  }
}

@Table('captured_books', { label: 'captured.Book' })
export class Book extends CachedModel {
  declare static objects: Manager<Book>;
  declare static cache: CacheManager<Book>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare title: string;
  @Column({ type: 'string', unique: true }) declare code: string;
  @Column({ type: 'integer', volatile: true, nullable: true }) declare views: number | null;
  @CachedForeignKey(() => Shelf, { onDelete: 'cascade' }) declare shelf: Related<Shelf>;
  declare shelfId: number;
}

export const shelfModels = [Shelf, Book] as const;
