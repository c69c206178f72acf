import { sum } from 'moneyclip';
import { Invoice, Line, Playlist, Track } from './models.js';

/** A question with the text of its answer. */
export interface Question {
  readonly name: string;
  ask(): Promise<string>;
}

/* `.cache()` is all there is to say: what each answer depends on is found by itself. */
export const questions: readonly Question[] = [
  {
    name: 'tracks of album 1, with the artist',
    ask: async () => {
      const tracks = await Track.objects.filter({ album: 1 }).related('album__artist').orderBy('id').cache().all();
      const [first] = tracks;
      const artist = first && (await (await first.album).artist).name;
      return `${tracks.length} by ${artist}`;
    },
  },
  {
    name: 'invoices of customer 1, with their lines',
    ask: async () => {
      const invoices = await Invoice.objects.filter({ customer: 1 }).orderBy('id').prefetch('lines').cache().all();
      const lines = await Promise.all(invoices.map(async (invoice) => (await invoice.lines.all()).length));
      return `${invoices.length}, with ${lines.join(' + ')} lines`;
    },
  },
  {
    name: 'genres that sell most',
    ask: async () => {
      const genres = await Line.objects
        .cache()
        .groupBy('track__genre__name')
        .aggregate({ sold: sum('quantity') }, { orderBy: ['-sold', 'track__genre__name'], limit: 3 });
      return genres.map((genre) => `${genre['track__genre__name']} ${genre.sold}`).join(', ');
    },
  },
  {
    name: 'sizes of playlists',
    ask: async () => {
      const lists = await Playlist.objects.orderBy('id').limit(3).cache().all();
      const sizes = lists.map(async ({ name, tracks }) => `${name} ${await tracks.cache().count()}`);
      return (await Promise.all(sizes)).join(', ');
    },
  },
  {
    name: 'the first two tracks of each of them',
    ask: async () => {
      const query = Track.objects.orderBy('id').limit(2);
      const lists = await Playlist.objects.orderBy('id').limit(3).prefetch({ name: 'tracks', query }).cache().all();
      const names = lists.map(async ({ tracks }) => (await tracks.all()).map(({ name }) => name).join(' + '));
      return (await Promise.all(names)).join(', ');
    },
  },
];
