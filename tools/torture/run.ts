import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { Random } from '../../test/support/random.js';
import type { FaultKind } from './faults/catalogue.js';
import { Chains } from './history/chains.js';
import { Checker } from './history/checker.js';
import { auditIn, backgroundIn, readsIn } from './history/load.js';
import { monotonicMs, type Injection, type Time } from './history/records.js';
import type { Options } from './options.js';
import { excusesLateness, latestMs } from './promises.js';
import type { Work } from './workload/application.js';
import { World } from './world/world.js';

/** What a run gave. */
export interface Result {
  readonly checker: Checker;
  /** When the work began. */
  readonly begunAt: Time;
  readonly works: readonly Work[];
  /** How long a process had invalidations to deliver that Redis had not confirmed in time, each time. */
  readonly lateMs: readonly number[];
  readonly writes: { readonly committed: number; readonly acknowledged: number };
  /** Faults that could not be injected, and why. */
  readonly notInjected: readonly string[];
}

/** Says what is going on. */
export type Tell = (line: string) => void;

const settleMs = 1000;

/** Runs an application in a world of its own, lets faults happen, and judges what was read. */
export async function torture(options: Options, folder: string, tell: Tell, signal?: AbortSignal): Promise<Result> {
  const world = await World.open(options, folder);
  try {
    for (const place of world.places) await world.moveIn(place);
    await world.each((application) => application.start());
    const begunAt = monotonicMs();
    const { injections, notInjected } = await injectFaults(world, tell, signal);
    const works = await world.stopWork();
    await settle(world, options);
    return { ...(await judge(world, injections)), works, notInjected, begunAt };
  } finally {
    await world.close();
  }
}

interface Injected {
  readonly injections: readonly Injection[];
  readonly notInjected: readonly string[];
}

async function injectFaults(world: World, tell: Tell, signal: AbortSignal | undefined): Promise<Injected> {
  const { seconds, seed, calmMs, gapMs, faults } = world.options;
  const random = new Random(seed);
  const injections: Injection[] = [];
  const notInjected: string[] = [];
  const end = monotonicMs() + seconds * 1000;
  let kinds: FaultKind[] = [];
  for (;;) {
    const leftMs = end - monotonicMs();
    if (leftMs <= 0 || signal?.aborted) return { injections, notInjected };
    if (faults.length === 0) {
      await wait(Math.min(leftMs, 250));
      continue;
    }
    if (kinds.length === 0) kinds = shuffled(faults, random);
    const kind = kinds.pop() as FaultKind; // there are some
    const from = monotonicMs();
    const failure = await inject(world, kind, random);
    injections.push({ kind: kind.kind, from, to: monotonicMs() });
    if (failure !== undefined) notInjected.push(`${kind.kind}: ${failure}`);
    tell(`${kind.kind}, ${Math.round(monotonicMs() - from)} ms`);
    await wait(calmMs + random.fraction() * gapMs);
    await heal(world, kind);
  }
}

/** Answers why it failed, if it did. Everything is mended in any case. */
async function inject(world: World, kind: FaultKind, random: Random): Promise<string | undefined> {
  try {
    await kind.inject({ world, random });
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await world.mend();
  }
}

/** What a fault left behind at a level that does not promise to notice must not be blamed on the next one. */
async function heal(world: World, { isHarmless }: FaultKind): Promise<void> {
  const { level } = world.options;
  if (!isHarmless && (level === 'plain' || level === 'capture')) await world.each((application) => application.heal());
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  const left = [...list];
  return list.flatMap(() => left.splice(random.below(left.length), 1));
}

/** When all is quiet, everybody reads everything. */
async function settle(world: World, { level, windowMs }: Options): Promise<void> {
  await wait(settleMs + (level === 'plain' ? 0 : windowMs));
  await world.each((application) => application.readEverything());
  await world.each((application) => application.close());
}

async function judge(
  world: World,
  injections: readonly Injection[],
): Promise<Pick<Result, 'checker' | 'writes' | 'lateMs'>> {
  const { level, windowMs } = world.options;
  const client = new pg.Client(world.postgres.url);
  await client.connect();
  const audit = await auditIn(client);
  await client.end();
  const { writes, late } = await backgroundIn(world.folder);
  const chains = new Chains(audit, writes, world.observer.seenAt);
  const checker = new Checker(chains, injections, {
    lateMs: latestMs(level, windowMs),
    late: excusesLateness(level) ? late : [],
  });
  for await (const read of readsIn(world.folder)) checker.judge(read);
  checker.finish();
  const committed = new Set(audit.filter(({ wid }) => wid !== 0).map(({ wid }) => wid));
  checker.count(writes, committed);
  return {
    checker,
    lateMs: late.map(({ from, to }) => to - from),
    writes: {
      committed: committed.size,
      acknowledged: new Set(writes.filter(({ k }) => k === 'ack').map(({ w }) => w)).size,
    },
  };
}
