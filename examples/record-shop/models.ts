import { CachedForeignKey, CachedModel, Column, ManyToMany, PrimaryKey, Table } from 'moneyclip';
import type { Manager, QuerySet, Related, RelatedSet } from 'moneyclip';

/* A record shop, cut out of the Chinook database: what is sold, to whom, and which lists people make of it. */

@Table('shop_artists', { label: 'shop.Artist' })
export class Artist extends CachedModel {
  declare static objects: Manager<Artist>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
}

@Table('shop_albums', { label: 'shop.Album' })
export class Album extends CachedModel {
  declare static objects: Manager<Album>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare title: string;
  @CachedForeignKey(() => Artist) declare artist: Related<Artist>;
  declare artistId: number;
}

@Table('shop_genres', { label: 'shop.Genre' })
export class Genre extends CachedModel {
  declare static objects: Manager<Genre>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
}

@Table('shop_tracks', { label: 'shop.Track' })
export class Track extends CachedModel {
  declare static objects: Manager<Track>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
  @CachedForeignKey(() => Album) declare album: Related<Album>;
  declare albumId: number;
  @CachedForeignKey(() => Genre) declare genre: Related<Genre>;
  declare genreId: number;
}

@Table('shop_invoices', { label: 'shop.Invoice' })
export class Invoice extends CachedModel {
  declare static objects: Manager<Invoice>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'integer', index: true }) declare customer: number;
  declare readonly lines: QuerySet<Line>;
}

@Table('shop_lines', { label: 'shop.Line' })
export class Line extends CachedModel {
  declare static objects: Manager<Line>;
  @PrimaryKey() declare id: number;
  @CachedForeignKey(() => Invoice, { relatedName: 'lines', onDelete: 'cascade' }) declare invoice: Related<Invoice>;
  declare invoiceId: number;
  @CachedForeignKey(() => Track) declare track: Related<Track>;
  declare trackId: number;
  @Column({ type: 'integer' }) declare quantity: number;
}

@Table('shop_playlists', { label: 'shop.Playlist' })
export class Playlist extends CachedModel {
  declare static objects: Manager<Playlist>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
  @ManyToMany(() => Track, { relatedName: 'playlists' }) declare readonly tracks: RelatedSet<Track>;
}

/** Each after those that it points at. */
export const models = [Artist, Album, Genre, Track, Invoice, Line, Playlist] as const;
