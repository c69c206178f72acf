import type { Session, Work } from './contender.js';
import { idAt, need, operationOf } from './operations.js';

/** One round to run. */
export interface Plan {
  readonly work: Work;
  /** How many callers wait at the same time. */
  readonly lanes: number;
  readonly count: number;
  /** Larger than any number that an earlier round of anybody has written. */
  readonly base: number;
}

/** What one round took. */
export interface Round {
  readonly count: number;
  readonly elapsedMs: number;
  /** CPU time of this process, user and system. */
  readonly cpuMs: number;
  /** What the workload counts: stale reads, or statements. */
  readonly noticed?: number;
}

/** Documents that a mixed load reads and writes. */
const mixedDocuments = 1_000;
const writesPercent = 5;

let position = 0;

/** Runs one round of the work. */
export async function runRound(session: Session, plan: Plan): Promise<Round> {
  if (plan.work === 'stampede' || plan.work === 'labelStampede') return stampede(session, plan);
  if (plan.work === 'mixed') return mixed(session, plan);
  if (plan.work === 'miss') await need(session, 'forget').call(session);
  return timed(plan, operationOf(session, plan));
}

async function timed(
  { lanes, count }: Pick<Plan, 'lanes' | 'count'>,
  operate: (turn: number) => unknown,
): Promise<Round> {
  const end = position + count;
  const lane = async (): Promise<void> => {
    while (position < end) await operate(position++);
  };
  return clocked(count, () => Promise.all(Array.from({ length: lanes }, lane)));
}

async function clocked(count: number, work: () => Promise<unknown>): Promise<Round> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await work();
  const elapsedMs = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { count, elapsedMs, cpuMs: (user + system) / 1000 };
}

/** Everybody asks for the same document, or the same computed value, while nothing is cached. */
async function stampede(session: Session, { work, lanes }: Plan): Promise<Round> {
  await need(session, 'forget').call(session);
  const isOfRows = work === 'stampede';
  const counter = need(session, isOfRows ? 'statements' : 'runs').bind(session);
  const ask = isOfRows ? session.read.bind(session) : need(session, 'label').bind(session);
  const id = idAt(position++);
  const before = counter();
  const round = await clocked(lanes, () => Promise.all(Array.from({ length: lanes }, () => ask(id))));
  return { ...round, noticed: counter() - before };
}

/** So that a round begins with what it reads in the cache. */
async function readAll(session: Session, count: number): Promise<void> {
  let id = 0;
  const lane = async (): Promise<void> => {
    while (id < count) await session.read(++id);
  };
  await Promise.all(Array.from({ length: 16 }, lane));
}

/**
 * Reads and writes of the same documents. A read is stale if it answers less than the last write of that document that
 * was acknowledged before the read began; a document has one writer at a time, whose numbers grow.
 */
async function mixed(session: Session, { lanes, count, base }: Plan): Promise<Round> {
  await need(session, 'forget').call(session);
  await readAll(session, mixedDocuments);
  const save = need(session, 'save').bind(session);
  const acknowledged = new Map<number, number>();
  const writing = new Set<number>();
  let stale = 0;
  const operate = async (turn: number): Promise<void> => {
    const id = 1 + (idAt(turn) % mixedDocuments);
    if (turn % 100 < writesPercent && !writing.has(id)) {
      writing.add(id);
      const views = base + (turn % 1_000_000);
      await save(id, views);
      acknowledged.set(id, views);
      writing.delete(id);
      return;
    }
    const expected = acknowledged.get(id) ?? 0;
    const { views } = await session.read(id);
    if (views < expected) stale += 1;
  };
  return { ...(await timed({ lanes, count }, operate)), noticed: stale };
}
