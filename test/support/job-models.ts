import { appendFileSync } from 'node:fs';
import {
  cached,
  CachedModel,
  Column,
  moneyclip,
  PrimaryKey,
  Table,
  type CacheManager,
  type Manager,
} from '../../src/index.js';

/** What the processes of the tests of background jobs compute, and where they write down that they did. */
const journal = process.env['JOURNAL'] ?? '';
/** How long a computation of `slow` takes in this process, in ms. */
const slowMs = Number(process.env['SLOW_MS'] ?? 0);

/** Notes that something was done, by which process. */
export function note(what: string): void {
  if (journal !== '') appendFileSync(journal, `${process.pid} ${what}\n`);
}

@Table('queue_tasks', { label: 'queue.Task' })
export class Task extends CachedModel {
  declare static objects: Manager<Task>;
  declare static cache: CacheManager<Task>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
  @Column({ type: 'integer', index: true }) declare list: number;

  @moneyclip({ watch: [[() => Task, (task: Task) => [task]]], repopulate: true })
  async title(): Promise<string> {
    note(`title ${this.id}`);
    return `task ${this.name}`;
  }
}

export const open = cached(
  'queue.open',
  async (list: number, options: { since?: Date; tags?: Set<string> } = {}) => {
    note(`open ${list} ${options.since?.getTime() ?? 'ever'} ${[...(options.tags ?? [])].join()}`);
    return Task.objects.filter({ list }).count();
  },
  { watch: [[Task, ({ list }: Task) => [list]]], repopulate: true },
);

export const later = cached(
  'queue.later',
  async (list: number) => {
    note(`later ${list}`);
    return Task.objects.filter({ list }).count();
  },
  { watch: [[Task, ({ list }: Task) => [list]]], repopulate: { after: '300ms' } },
);

export const slow = cached(
  'queue.slow',
  async (id: number) => {
    note(`begin slow ${id}`);
    await new Promise((resolve) => setTimeout(resolve, slowMs));
    note(`end slow ${id}`);
    return process.pid;
  },
  { ttl: '1h' },
);

export const soft = cached(
  'queue.soft',
  async (id: number) => {
    note(`soft ${id}`);
    return process.pid;
  },
  { ttl: '1h', softTtl: '1ms' },
);

export const swept = cached(
  'queue.swept',
  async (id: number) => {
    note(`swept ${id}`);
    return process.pid;
  },
  { ttl: '1h', softTtl: '1s', sweep: true },
);

/** When this process tried to compute which value of `unsteady`. */
export const triedAt = new Map<number, number[]>();

export const unsteady = cached(
  'queue.unsteady',
  async (id: number) => {
    note(`unsteady ${id}`);
    triedAt.set(id, [...(triedAt.get(id) ?? []), Date.now()]);
    if (id < 0 && process.env['STEADY'] === undefined) throw new Error('not now');
    return process.pid;
  },
  { ttl: '1h' },
);

/** Its arguments cannot be told to another process. */
export const local = cached(
  'queue.local',
  async (request: { path: string; answer: () => void }) => {
    note(`local ${request.path}`);
    return process.pid;
  },
  { key: ({ path }) => path, ttl: '1h', softTtl: '1ms' },
);
