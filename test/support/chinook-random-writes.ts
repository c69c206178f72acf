import { transaction } from '../../src/index.js';
import { Album, Artist, Customer, Invoice, InvoiceLine, PlaylistTrack, Track } from './chinook-models.js';
import type { ChinookSample } from './chinook-sample.js';
import type { Random } from './random.js';

class RolledBack extends Error {}

type Write = () => Promise<void>;

/** Writes of every kind around the rows of a sample; the same for the same seed. */
export class ChinookRandomWrites {
  /** What was written so far, for messages. */
  readonly done: string[] = [];
  readonly #random: Random;
  readonly #sample: ChinookSample;
  readonly #check: () => Promise<void>;
  readonly #simple: readonly (readonly [string, Write])[];
  readonly #composed: readonly (readonly [string, Write])[];

  /** `check` is called where something is half done, also in the middle of transactions. */
  constructor(random: Random, sample: ChinookSample, check: () => Promise<void>) {
    this.#random = random;
    this.#sample = sample;
    this.#check = check;
    this.#simple = [
      ['move a track to another album', () => this.#moveTrack()],
      ['save an instance whose row was moved by somebody else', () => this.#saveStaleInstance()],
      ['rename a track', () => this.#renameTrack()],
      ['move an album to another artist', () => this.#moveAlbum()],
      ['sell a track', () => this.#sellTrack()],
      ['delete an invoice line', () => this.#deleteLine()],
      ['change all lines of an invoice', () => this.#changeLines()],
      ['add many tracks to a playlist', () => this.#fillPlaylist()],
      ['move an entry to another playlist', () => this.#moveEntry()],
      ['take many entries out of a playlist', () => this.#thinPlaylist()],
      ['delete a track with its lines and entries', () => this.#deleteTrack()],
      ['add a track', async () => void (await this.#addTrack())],
      ['change a customer', () => this.#changeCustomer()],
      ['change more rows than are told one by one', () => this.#changeThousands()],
    ];
    this.#composed = [
      ['a transaction', () => this.#several()],
      ['a transaction that is rolled back', () => this.#rolledBack()],
      ['a savepoint that is rolled back in a transaction', () => this.#savepoint()],
    ];
  }

  /** One write, or one transaction of several. */
  async next(): Promise<void> {
    const [name, write] = this.#random.oneOf([...this.#simple, ...this.#composed, ...this.#composed]);
    this.done.push(name);
    await write();
  }

  async #simpleWrite(): Promise<void> {
    const [name, write] = this.#random.oneOf(this.#simple);
    this.done.push(`  ${name}`);
    await write();
  }

  #several(): Promise<void> {
    return transaction(async () => {
      for (let count = 0; count < 3; count += 1) await this.#simpleWrite();
      await this.#check();
    });
  }

  async #rolledBack(): Promise<void> {
    const rolledBack = transaction(async () => {
      await this.#simpleWrite();
      await this.#check();
      await this.#simpleWrite();
      throw new RolledBack();
    });
    await swallowRollback(rolledBack);
  }

  #savepoint(): Promise<void> {
    return transaction(async () => {
      await this.#simpleWrite();
      await this.#rolledBack();
      await this.#simpleWrite();
    });
  }

  async #track(): Promise<Track> {
    const tracks = await Track.objects.filter({ albumId__in: this.#sample.albums }).orderBy('id').all();
    return tracks.length > 0 ? this.#random.oneOf(tracks) : this.#addTrack();
  }

  #addTrack(): Promise<Track> {
    return Track.create({
      name: `Track ${this.#random.below(1000)}`,
      albumId: this.#random.oneOf(this.#sample.albums),
      mediaTypeId: 1 + this.#random.below(5),
      genreId: null,
      composer: null,
      milliseconds: this.#random.below(500_000),
      bytes: null,
      unitPrice: '0.99',
    });
  }

  async #moveTrack(): Promise<void> {
    const track = await this.#track();
    track.album = await Album.cache.get(this.#random.oneOf(this.#sample.albums));
    await track.save();
  }

  async #saveStaleInstance(): Promise<void> {
    const { id } = await this.#track();
    const [first, second] = await Promise.all([Track.cache.get(id), Track.cache.get(id)]);
    first.albumId = this.#random.oneOf(this.#sample.albums);
    await first.save();
    await this.#check(); // whatever is cached now, the second instance knows nothing of
    second.albumId = this.#random.oneOf(this.#sample.albums);
    second.milliseconds += 1;
    await second.save();
  }

  async #renameTrack(): Promise<void> {
    const track = await Track.cache.get((await this.#track()).id);
    track.name = `${track.name.slice(0, 100)} ${this.#random.below(100)}`;
    track.composer = this.#random.oneOf([null, '', 'Ünïcode ♫']);
    await track.save();
  }

  async #moveAlbum(): Promise<void> {
    const album = await Album.cache.get(this.#random.oneOf(this.#sample.albums));
    album.artist = await Artist.cache.get(this.#random.oneOf(this.#sample.artists));
    await album.save();
  }

  async #sellTrack(): Promise<void> {
    const track = await this.#track();
    await InvoiceLine.create({
      invoice: await Invoice.cache.get(this.#random.oneOf(this.#sample.invoices)),
      track,
      unitPrice: this.#random.oneOf(['0.99', '1.99', '12.34']),
      quantity: 1 + this.#random.below(3),
    });
  }

  async #deleteLine(): Promise<void> {
    const lines = await InvoiceLine.objects.filter({ invoiceId__in: this.#sample.invoices }).orderBy('id').all();
    if (lines.length > 0) await this.#random.oneOf(lines).delete();
  }

  async #changeLines(): Promise<void> {
    const invoiceId = this.#random.oneOf(this.#sample.invoices);
    await InvoiceLine.objects.filter({ invoiceId }).update({ quantity: 1 + this.#random.below(5), unitPrice: '1.49' });
  }

  async #fillPlaylist(): Promise<void> {
    const playlistId = this.#random.oneOf(this.#sample.playlists);
    const { id } = await this.#track();
    await PlaylistTrack.objects.bulkCreate(Array.from({ length: 5 }, () => ({ playlistId, trackId: id })));
  }

  async #moveEntry(): Promise<void> {
    const playlistId = this.#random.oneOf(this.#sample.playlists);
    const entry = await PlaylistTrack.objects.filter({ playlistId }).orderBy('-id').first();
    if (!entry) return;
    entry.playlistId = this.#random.oneOf(this.#sample.playlists);
    await entry.save();
  }

  async #thinPlaylist(): Promise<void> {
    const playlistId = this.#random.oneOf(this.#sample.playlists);
    const entries = await PlaylistTrack.objects.filter({ playlistId }).orderBy('-id').limit(4).all();
    await PlaylistTrack.objects.filter({ id__in: entries.map(({ id }) => id) }).delete();
  }

  async #deleteTrack(): Promise<void> {
    await (await this.#track()).delete();
  }

  async #changeCustomer(): Promise<void> {
    const customer = await Customer.cache.get(1 + this.#random.below(59));
    customer.company = this.#random.oneOf([null, '', 'Company & Sons']);
    customer.email = `customer-${customer.id}-${this.#random.below(1_000_000)}@example.com`;
    await customer.save();
  }

  async #changeThousands(): Promise<void> {
    await InvoiceLine.objects.filter({ id__lte: 600 + this.#random.below(100) }).update({ unitPrice: '2.49' });
  }
}

async function swallowRollback(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof RolledBack)) throw error;
  }
}
