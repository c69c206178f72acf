import { readFileSync } from 'node:fs';
import { Album, Artist, Genre, Invoice, Line, Playlist, Track } from './models.js';

/** Rows by table, in the layout of Chinook's JSON. */
interface Shop {
  readonly Artist: readonly { ArtistId: number; Name: string }[];
  readonly Album: readonly { AlbumId: number; Title: string; ArtistId: number }[];
  readonly Genre: readonly { GenreId: number; Name: string }[];
  readonly Track: readonly { TrackId: number; Name: string; AlbumId: number; GenreId: number }[];
  readonly Invoice: readonly { InvoiceId: number; CustomerId: number }[];
  readonly InvoiceLine: readonly { InvoiceLineId: number; InvoiceId: number; TrackId: number; Quantity: number }[];
  readonly Playlist: readonly { PlaylistId: number; Name: string }[];
  readonly PlaylistTrack: readonly { PlaylistId: number; TrackId: number }[];
}

/** A small shop of its own, so that the example needs no file. */
const sample: Shop = {
  Artist: [
    { ArtistId: 1, Name: 'The Cache Misses' },
    { ArtistId: 2, Name: 'Late Fill' },
  ],
  Album: [
    { AlbumId: 1, Title: 'Cold Start', ArtistId: 1 },
    { AlbumId: 2, Title: 'Dead on Arrival', ArtistId: 2 },
  ],
  Genre: [
    { GenreId: 1, Name: 'Rock' },
    { GenreId: 2, Name: 'Jazz' },
  ],
  Track: [1, 2, 3, 4, 5, 6].map((id) => ({
    TrackId: id,
    Name: `Track ${id}`,
    AlbumId: id < 4 ? 1 : 2,
    GenreId: id % 3 === 0 ? 2 : 1,
  })),
  Invoice: [1, 2, 3].map((id) => ({ InvoiceId: id, CustomerId: id < 3 ? 1 : 2 })),
  InvoiceLine: [1, 2, 3, 4, 5].map((id) => ({
    InvoiceLineId: id,
    InvoiceId: Math.ceil(id / 2),
    TrackId: id,
    Quantity: 1,
  })),
  Playlist: [
    { PlaylistId: 1, Name: 'Everything' },
    { PlaylistId: 2, Name: 'Slow' },
  ],
  PlaylistTrack: [1, 2, 3, 4, 5, 6].flatMap((TrackId) => [
    { PlaylistId: 1, TrackId },
    ...(TrackId % 3 === 0 ? [{ PlaylistId: 2, TrackId }] : []),
  ]),
};

/** Stores the sample, or what is in a file of Chinook's JSON. */
export async function storeShop(path: string | undefined): Promise<void> {
  const shop = path === undefined ? sample : (JSON.parse(readFileSync(path, 'utf8')) as Shop); // as its user says
  await Artist.objects.bulkCreate(shop.Artist.map(({ ArtistId, Name }) => ({ id: ArtistId, name: Name })));
  await Album.objects.bulkCreate(
    shop.Album.map(({ AlbumId, Title, ArtistId }) => ({ id: AlbumId, title: Title, artistId: ArtistId })),
  );
  await Genre.objects.bulkCreate(shop.Genre.map(({ GenreId, Name }) => ({ id: GenreId, name: Name })));
  await Track.objects.bulkCreate(
    shop.Track.map(({ TrackId, Name, AlbumId, GenreId }) => ({
      id: TrackId,
      name: Name,
      albumId: AlbumId,
      genreId: GenreId,
    })),
  );
  await Invoice.objects.bulkCreate(
    shop.Invoice.map(({ InvoiceId, CustomerId }) => ({ id: InvoiceId, customer: CustomerId })),
  );
  await Line.objects.bulkCreate(
    shop.InvoiceLine.map(({ InvoiceLineId, InvoiceId, TrackId, Quantity }) => ({
      id: InvoiceLineId,
      invoiceId: InvoiceId,
      trackId: TrackId,
      quantity: Quantity,
    })),
  );
  await storePlaylists(shop);
}

async function storePlaylists({ Playlist: lists, PlaylistTrack: entries }: Shop): Promise<void> {
  const tracks = new Map(lists.map(({ PlaylistId }) => [PlaylistId, [] as number[]]));
  for (const { PlaylistId, TrackId } of entries) tracks.get(PlaylistId)?.push(TrackId);
  for (const { PlaylistId, Name } of lists) {
    const playlist = await Playlist.create({ id: PlaylistId, name: Name });
    await playlist.tracks.set(tracks.get(PlaylistId) ?? []);
  }
}
