import type { Knex } from 'knex';
import { Album, Artist, Invoice, Playlist, Track } from './chinook-models.js';
import type { Random } from './random.js';

/** Computed values by name. */
export type Values = Readonly<Record<string, number>>;

/** A few rows around which writes happen, with every value that is computed of them. */
export class ChinookSample {
  readonly artists: readonly number[];
  readonly albums: readonly number[];
  readonly invoices: readonly number[];
  /** Playlist 1 has more rows than a write tells one by one. */
  readonly playlists = [1, 3, 5, 8, 12, 16];

  private constructor(artists: readonly number[], albums: readonly number[], invoices: readonly number[]) {
    this.artists = artists;
    this.albums = albums;
    this.invoices = invoices;
  }

  /** Five artists with two of their albums each at most, and invoices on which tracks of those were sold. */
  static async choose(knex: Knex, random: Random): Promise<ChinookSample> {
    const artists = await idsOf(
      knex('chinook_artists as r')
        .select('r.id as id')
        .join('chinook_albums as a', 'a.artist_id', 'r.id')
        .groupBy('r.id')
        .havingRaw('count(*) between 2 and 6'),
    );
    const chosen = Array.from({ length: 5 }, () => random.oneOf(artists));
    const albums = await idsOf(
      knex('chinook_albums').select('id').whereIn('artist_id', chosen).orderBy('id').limit(10),
    );
    const invoices = await idsOf(
      knex('chinook_invoice_lines as l')
        .distinct('l.invoice_id as id')
        .join('chinook_tracks as t', 't.id', 'l.track_id')
        .whereIn('t.album_id', albums)
        .limit(6),
    );
    return new ChinookSample([...new Set(chosen)], albums, [...new Set([...invoices, 1, 2])]);
  }

  /** The rows that writes change most, as the cache answers them and as the database does. */
  async rows(): Promise<{ readonly cached: readonly unknown[]; readonly stored: readonly unknown[] }> {
    const [tracks, albums] = await Promise.all([
      Track.objects.filter({ albumId__in: this.albums }).orderBy('id').all(),
      Album.objects.filter({ id__in: this.albums }).orderBy('id').all(),
    ]);
    const cached = await Promise.all([
      Track.cache.getMany(tracks.map(({ id }) => id)),
      Album.cache.getMany(albums.map(({ id }) => id)),
    ]);
    return {
      cached: cached.flat().map((row) => row?.toJSON()),
      stored: [...tracks, ...albums].map((row) => row.toJSON()),
    };
  }

  /** Every value as its method answers it. */
  async computed(): Promise<Values> {
    const [artists, albums, invoices, playlists] = await Promise.all([
      Artist.cache.getMany(this.artists),
      Album.cache.getMany(this.albums),
      Invoice.cache.getMany(this.invoices),
      Playlist.cache.getMany(this.playlists),
    ]);
    const pairs = [
      ...artists.flatMap((one) =>
        one ? [named(`artist ${one.id} tracks`, one.trackCount()), named(`artist ${one.id} sales`, one.sales())] : [],
      ),
      ...albums.flatMap((one) => (one ? [named(`album ${one.id} tracks`, one.trackCount())] : [])),
      ...invoices.flatMap((one) => (one ? [named(`invoice ${one.id} total`, one.lineTotal())] : [])),
      ...playlists.flatMap((one) => (one ? [named(`playlist ${one.id} size`, one.size())] : [])),
    ];
    return Object.fromEntries(await Promise.all(pairs));
  }

  /** The same by SQL alone. */
  async bySql(knex: Knex): Promise<Values> {
    const sold = knex.raw('coalesce(sum(round(l.unit_price * 100) * l.quantity), 0) as value');
    const results = await Promise.all([
      valuesOf('artist', 'tracks', artistsWithTracks(knex, this.artists).count('t.id as value')),
      valuesOf(
        'artist',
        'sales',
        artistsWithTracks(knex, this.artists).leftJoin('chinook_invoice_lines as l', 'l.track_id', 't.id').select(sold),
      ),
      valuesOf('album', 'tracks', counted(knex, ['chinook_albums', 'chinook_tracks', 'album_id'], this.albums)),
      valuesOf(
        'invoice',
        'total',
        joined(knex, ['chinook_invoices', 'chinook_invoice_lines', 'invoice_id'], this.invoices).select(sold),
      ),
      valuesOf(
        'playlist',
        'size',
        counted(knex, ['chinook_playlists', 'chinook_playlist_tracks', 'playlist_id'], this.playlists),
      ),
    ]);
    return Object.assign({}, ...results) as Values; // each of them is one
  }
}

type Query = Knex.QueryBuilder<Record<string, unknown>, Record<string, unknown>[]>;

function artistsWithTracks(knex: Knex, ids: readonly number[]): Query {
  return knex('chinook_artists as o')
    .select('o.id as id')
    .leftJoin('chinook_albums as a', 'a.artist_id', 'o.id')
    .leftJoin('chinook_tracks as t', 't.album_id', 'a.id')
    .whereIn('o.id', ids)
    .groupBy('o.id') as Query; // knex's types do not follow joins
}

function joined(knex: Knex, [one, many, key]: readonly [string, string, string], ids: readonly number[]): Query {
  return knex(`${one} as o`)
    .select('o.id as id')
    .leftJoin(`${many} as l`, `l.${key}`, 'o.id')
    .whereIn('o.id', ids)
    .groupBy('o.id') as Query; // as above
}

function counted(knex: Knex, tables: readonly [string, string, string], ids: readonly number[]): Query {
  return joined(knex, tables, ids).count('l.id as value');
}

async function valuesOf(noun: string, what: string, query: Query): Promise<Values> {
  const rows = await query;
  return Object.fromEntries(rows.map(({ id, value }) => [`${noun} ${String(id)} ${what}`, Number(value)]));
}

async function idsOf(query: PromiseLike<readonly { readonly id?: unknown }[]>): Promise<number[]> {
  return (await query).map(({ id }) => Number(id)).toSorted((left, right) => left - right);
}

async function named(name: string, value: Promise<number>): Promise<[string, number]> {
  return [name, await value];
}
