import {
  CachedForeignKey,
  CachedModel,
  Column,
  ForeignKey,
  moneyclip,
  PrimaryKey,
  Table,
  type CacheManager,
  type Manager,
  type QuerySet,
  type Related,
} from '../../src/index.js';

/*
 * The eleven tables of Chinook, a record shop. Every column says its type: tsx emits no types of properties.
 * PlaylistTrack has a composite key in the original and a key of its own here.
 */

/** The price of something times how often, in hundredths: exact, where adding up fractions is not. */
function cents({ unitPrice, quantity }: { readonly unitPrice: string; readonly quantity: number }): number {
  return Math.round(Number(unitPrice) * 100) * quantity;
}

@Table('chinook_genres', { label: 'chinook.Genre' })
export class Genre extends CachedModel {
  declare static objects: Manager<Genre>;
  declare static cache: CacheManager<Genre>;
  @PrimaryKey() declare id: number;
  @Column({ maxLength: 120, nullable: true }) declare name: string | null;
}

@Table('chinook_media_types', { label: 'chinook.MediaType' })
export class MediaType extends CachedModel {
  declare static objects: Manager<MediaType>;
  declare static cache: CacheManager<MediaType>;
  @PrimaryKey() declare id: number;
  @Column({ maxLength: 120, nullable: true }) declare name: string | null;
}

@Table('chinook_artists', { label: 'chinook.Artist' })
export class Artist extends CachedModel {
  declare static objects: Manager<Artist>;
  declare static cache: CacheManager<Artist>;
  @PrimaryKey() declare id: number;
  @Column({ maxLength: 120, nullable: true }) declare name: string | null;
  declare readonly albums: QuerySet<Album>;

  /** How many tracks all albums have: computed from other computed values. */
  @moneyclip()
  async trackCount(): Promise<number> {
    const albums = await this.albums.all();
    const counts = await Promise.all(albums.map((album) => album.trackCount()));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** What was paid for all tracks of all albums, in hundredths: through three tables. */
  @moneyclip({ ttl: '10m' })
  async sales(): Promise<number> {
    const albums = await Album.objects.filter({ artist: this }).all();
    const tracks = await Track.objects.filter({ album__in: albums }).all();
    const lines = await InvoiceLine.objects.filter({ track__in: tracks }).all();
    return lines.reduce((sum, line) => sum + cents(line), 0);
  }
}

@Table('chinook_albums', { label: 'chinook.Album' })
export class Album extends CachedModel {
  declare static objects: Manager<Album>;
  declare static cache: CacheManager<Album>;
  @PrimaryKey() declare id: number;
  @Column({ maxLength: 160 }) declare title: string;
  @CachedForeignKey('chinook.Artist', { relatedName: 'albums' }) declare artist: Related<Artist>;
  declare artistId: number;

  /** How many tracks the album has: nothing is declared, what it reads is found by itself. */
  @moneyclip()
  async trackCount(): Promise<number> {
    return Track.objects.filter({ album: this }).count();
  }
}

@Table('chinook_tracks', { label: 'chinook.Track' })
export class Track extends CachedModel {
  declare static objects: Manager<Track>;
  declare static cache: CacheManager<Track>;
  @PrimaryKey() declare id: number;
  @Column({ maxLength: 200 }) declare name: string;
  @CachedForeignKey(() => Album, { nullable: true }) declare album: Related<Album | null>;
  declare albumId: number | null;
  @CachedForeignKey(() => MediaType) declare mediaType: Related<MediaType>;
  declare mediaTypeId: number;
  @CachedForeignKey(() => Genre, { nullable: true }) declare genre: Related<Genre | null>;
  declare genreId: number | null;
  @Column({ maxLength: 220, nullable: true }) declare composer: string | null;
  @Column({ type: 'integer' }) declare milliseconds: number;
  @Column({ type: 'integer', nullable: true }) declare bytes: number | null;
  @Column({ precision: 10, scale: 2 }) declare unitPrice: string;
}

@Table('chinook_employees', { label: 'chinook.Employee' })
export class Employee extends CachedModel {
  declare static objects: Manager<Employee>;
  declare static cache: CacheManager<Employee>;
  @PrimaryKey() declare id: number;
  @Column({ maxLength: 20 }) declare lastName: string;
  @Column({ maxLength: 20 }) declare firstName: string;
  @Column({ maxLength: 30, nullable: true }) declare title: string | null;
  @CachedForeignKey(() => Employee, { nullable: true }) declare reportsTo: Related<Employee | null>;
  declare reportsToId: number | null;
  @Column({ type: 'datetime', nullable: true }) declare birthDate: Date | null;
  @Column({ type: 'datetime', nullable: true }) declare hireDate: Date | null;
  @Column({ maxLength: 70, nullable: true }) declare address: string | null;
  @Column({ maxLength: 40, nullable: true }) declare city: string | null;
  @Column({ maxLength: 40, nullable: true }) declare state: string | null;
  @Column({ maxLength: 40, nullable: true }) declare country: string | null;
  @Column({ maxLength: 10, nullable: true }) declare postalCode: string | null;
  @Column({ maxLength: 24, nullable: true }) declare phone: string | null;
  @Column({ maxLength: 24, nullable: true }) declare fax: string | null;
  @Column({ maxLength: 60, nullable: true, unique: true }) declare email: string | null;
}

@Table('chinook_customers', { label: 'chinook.Customer' })
export class Customer extends CachedModel {
  declare static objects: Manager<Customer>;
  declare static cache: CacheManager<Customer>;
  @PrimaryKey() declare id: number;
  @Column({ maxLength: 40 }) declare firstName: string;
  @Column({ maxLength: 20 }) declare lastName: string;
  @Column({ maxLength: 80, nullable: true }) declare company: string | null;
  @Column({ maxLength: 70, nullable: true }) declare address: string | null;
  @Column({ maxLength: 40, nullable: true }) declare city: string | null;
  @Column({ maxLength: 40, nullable: true }) declare state: string | null;
  @Column({ maxLength: 40, nullable: true }) declare country: string | null;
  @Column({ maxLength: 10, nullable: true }) declare postalCode: string | null;
  @Column({ maxLength: 24, nullable: true }) declare phone: string | null;
  @Column({ maxLength: 24, nullable: true }) declare fax: string | null;
  @Column({ maxLength: 60, unique: true }) declare email: string;
  @CachedForeignKey(() => Employee, { nullable: true }) declare supportRep: Related<Employee | null>;
  declare supportRepId: number | null;
}

@Table('chinook_invoices', { label: 'chinook.Invoice' })
export class Invoice extends CachedModel {
  declare static objects: Manager<Invoice>;
  declare static cache: CacheManager<Invoice>;
  @PrimaryKey() declare id: number;
  @CachedForeignKey(() => Customer) declare customer: Related<Customer>;
  declare customerId: number;
  @Column({ type: 'datetime' }) declare invoiceDate: Date;
  @Column({ maxLength: 70, nullable: true }) declare billingAddress: string | null;
  @Column({ maxLength: 40, nullable: true }) declare billingCity: string | null;
  @Column({ maxLength: 40, nullable: true }) declare billingState: string | null;
  @Column({ maxLength: 40, nullable: true }) declare billingCountry: string | null;
  @Column({ maxLength: 10, nullable: true }) declare billingPostalCode: string | null;
  @Column({ precision: 10, scale: 2 }) declare total: string;
  declare readonly lines: QuerySet<InvoiceLine>;

  /** What the lines add up to, in hundredths. */
  @moneyclip({ ttl: '10m' })
  async lineTotal(): Promise<number> {
    const lines = await InvoiceLine.objects.filter({ invoice: this }).all();
    return lines.reduce((sum, line) => sum + cents(line), 0);
  }
}

@Table('chinook_invoice_lines', { label: 'chinook.InvoiceLine' })
export class InvoiceLine extends CachedModel {
  declare static objects: Manager<InvoiceLine>;
  declare static cache: CacheManager<InvoiceLine>;
  @PrimaryKey() declare id: number;
  @CachedForeignKey(() => Invoice, { onDelete: 'cascade', relatedName: 'lines' }) declare invoice: Related<Invoice>;
  declare invoiceId: number;
  @ForeignKey(() => Track, { onDelete: 'cascade' }) declare track: Related<Track>;
  declare trackId: number;
  @Column({ precision: 10, scale: 2 }) declare unitPrice: string;
  @Column({ type: 'integer' }) declare quantity: number;
}

@Table('chinook_playlists', { label: 'chinook.Playlist' })
export class Playlist extends CachedModel {
  declare static objects: Manager<Playlist>;
  declare static cache: CacheManager<Playlist>;
  @PrimaryKey() declare id: number;
  @Column({ maxLength: 120, nullable: true }) declare name: string | null;

  /** How many tracks are in it: in the form that names what is watched. */
  @moneyclip(
    'playlist::size::%s',
    (playlist: Playlist) => [playlist.id],
    () => PlaylistTrack,
    (entry: PlaylistTrack) => [entry.playlist],
  )
  async size(): Promise<number> {
    return PlaylistTrack.objects.filter({ playlist: this }).count();
  }
}

@Table('chinook_playlist_tracks', { label: 'chinook.PlaylistTrack' })
export class PlaylistTrack extends CachedModel {
  declare static objects: Manager<PlaylistTrack>;
  declare static cache: CacheManager<PlaylistTrack>;
  @PrimaryKey() declare id: number;
  @CachedForeignKey(() => Playlist, { onDelete: 'cascade' }) declare playlist: Related<Playlist>;
  declare playlistId: number;
  @CachedForeignKey(() => Track, { onDelete: 'cascade' }) declare track: Related<Track>;
  declare trackId: number;
}
