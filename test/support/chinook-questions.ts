import type { Knex } from 'knex';
import { count, sum, type QuerySet } from '../../src/index.js';
import { Invoice, InvoiceLine, PlaylistTrack, Track } from './chinook-models.js';

/** A question that people ask of a record shop: by query sets, and the same by hand in SQL. */
export interface ChinookQuestion {
  readonly name: string;
  ask(how: <T extends object>(rows: QuerySet<T>) => QuerySet<T>): Promise<unknown>;
  bySql(knex: Knex): Promise<unknown>;
}

/** The tracks of an album, each with the name of the artist. */
export function tracksOf(album: number): ChinookQuestion {
  return {
    name: `tracks of album ${album} with artist`,
    ask: async (how) => {
      const tracks = await how(Track.objects.filter({ album }).related('album__artist').orderBy('id')).all();
      return Promise.all(
        tracks.map(async ({ name, album: of }) => {
          const record = await of;
          return [name, record?.title, (await record?.artist)?.name];
        }),
      );
    },
    bySql: async (knex) => {
      const rows = knex('chinook_tracks as t')
        .join('chinook_albums as a', 'a.id', 't.album_id')
        .join('chinook_artists as r', 'r.id', 'a.artist_id')
        .where('a.id', album)
        .orderBy('t.id')
        .select({ name: 't.name', title: 'a.title', artist: 'r.name' });
      return (await rows).map(({ name, title, artist }: Record<string, unknown>) => [name, title, artist]);
    },
  };
}

/** The invoices of a customer, each with its lines and what they are for. */
export function invoicesOf(customer: number): ChinookQuestion {
  return {
    name: `invoices of customer ${customer} with lines`,
    ask: async (how) => {
      const lines = InvoiceLine.objects.orderBy('id').related('track');
      const query = Invoice.objects.filter({ customer }).orderBy('id').prefetch({ name: 'lines', query: lines });
      const invoices = await how(query).all();
      return Promise.all(
        invoices.map(async (invoice) => {
          const bought = (await invoice.lines.all()).map(async (line) => [line.quantity, (await line.track).name]);
          return [invoice.id, await Promise.all(bought)];
        }),
      );
    },
    bySql: async (knex) => {
      const rows = (await knex('chinook_invoices as i')
        .leftJoin('chinook_invoice_lines as l', 'l.invoice_id', 'i.id')
        .leftJoin('chinook_tracks as t', 't.id', 'l.track_id')
        .where('i.customer_id', customer)
        .orderBy(['i.id', 'l.id'])
        .select({ id: 'i.id', quantity: 'l.quantity', name: 't.name' })) as Record<string, unknown>[];
      const lines = new Map<unknown, unknown[]>(rows.map(({ id }) => [id, []]));
      for (const { id, quantity, name } of rows) if (quantity !== null) lines.get(id)?.push([quantity, name]);
      return [...lines];
    },
  };
}

/** The genres of which most was sold. */
export const topGenres: ChinookQuestion = {
  name: 'top genres',
  ask: async (how) => {
    const groups = how(InvoiceLine.objects.filter({ track__genre__isnull: false })).groupBy('track__genre__id');
    const most = await groups.aggregate(
      { sold: sum('quantity') },
      { orderBy: ['-sold', 'track__genre__id'], limit: 5 },
    );
    return most.map((group) => [group['track__genre__id'], group.sold]);
  },
  bySql: async (knex) => {
    const rows = knex('chinook_invoice_lines as l')
      .join('chinook_tracks as t', 't.id', 'l.track_id')
      .whereNotNull('t.genre_id')
      .groupBy('t.genre_id')
      .orderByRaw('SUM(l.quantity) DESC, t.genre_id')
      .limit(5)
      .select('t.genre_id as genre')
      .sum({ sold: 'l.quantity' });
    return (await rows).map(({ genre, sold }: Record<string, unknown>) => [genre, Number(sold)]);
  },
};

/** How many tracks each playlist has. */
export const playlistSizes: ChinookQuestion = {
  name: "playlists' sizes",
  ask: async (how) => {
    const groups = how(PlaylistTrack.objects.orderBy()).groupBy('playlist__name', 'playlistId');
    const sizes = await groups.aggregate({ tracks: count() }, { orderBy: ['playlistId'] });
    return sizes.map((size) => [size['playlist__name'], size.tracks]);
  },
  bySql: async (knex) => {
    const rows = knex('chinook_playlist_tracks as pt')
      .join('chinook_playlists as p', 'p.id', 'pt.playlist_id')
      .groupBy('p.id', 'p.name')
      .orderBy('p.id')
      .select('p.name as name')
      .count({ tracks: '*' });
    return (await rows).map(({ name, tracks }: Record<string, unknown>) => [name, Number(tracks)]);
  },
};
