import type pg from 'pg';
import type { Database } from '../../src/index.js';
import { Book } from './captured-models.js';
import { until } from './until.js';

/** How the tests of guarantees look at the first book. */
export interface FirstBook {
  /** As a reader sees it. */
  titleNow(): Promise<string>;
  /** As the cache has it; undefined where it did not answer. */
  hit(): Promise<string | undefined>;
  /** Resolves when the cache answers with this title. */
  cached(title: string): Promise<void>;
}

/** Counts the hits of the database that was opened first. */
export function firstBook(opened: readonly Database[]): FirstBook {
  const titleNow = async (): Promise<string> => (await Book.cache.get(1)).title;
  const hit = async (): Promise<string | undefined> => {
    const earlier = opened[0]?.stats().hits;
    const title = await titleNow();
    return opened[0]?.stats().hits === earlier ? undefined : title;
  };
  return { titleNow, hit, cached: (title) => until(async () => (await hit()) === title) };
}

/** Leaves two books on a shelf, and nothing that any cache has still to hear of. */
export async function freshBooks(client: pg.Client): Promise<void> {
  await client.query(
    `TRUNCATE captured_shelves CASCADE; TRUNCATE moneyclip_capture.outbox; TRUNCATE moneyclip_capture.consumer;
     INSERT INTO captured_shelves VALUES (1, 'a');
     INSERT INTO captured_books (id, title, code, shelf_id) VALUES (1, 'first', 'one', 1), (2, 'another', 'two', 1)`,
  );
}
