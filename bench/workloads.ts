import type { DocumentLike, Session, Work } from './contender.js';
import { documentCount, zipfIds } from './dataset.js';

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

/** Documents of one list. */
const listLength = 100;
/** Documents that a mixed load reads and writes. */
const mixedDocuments = 1_000;
const writesPercent = 5;

const ids = zipfIds(65_536, 1);
let position = 0;
/** What was read, so that no read can be left out as unused. */
let touched = 0;

/** Runs one round of the work. */
export async function runRound(session: Session, plan: Plan): Promise<Round> {
  if (plan.work === 'stampede') return stampede(session, plan);
  if (plan.work === 'mixed') return mixed(session, plan);
  if (plan.work === 'miss') await need(session, 'forget').call(session);
  return timed(plan, operation(session, plan));
}

function operation(session: Session, { work, base }: Plan): (turn: number) => unknown {
  switch (work) {
    case 'miss':
      return async (turn) => touch(await session.read(1 + (turn % documentCount)));
    case 'authors':
    case 'authorsInBulk': {
      const authors = need(session, work).bind(session);
      return async (turn) => touchAll(await authors(listAt(turn)));
    }
    case 'badge': {
      const badge = need(session, 'badge').bind(session);
      return async (turn) => touchAll([await badge(idAt(turn))]);
    }
    case 'save': {
      const save = need(session, 'save').bind(session);
      return (turn) => save(idAt(turn), base + (turn % 1_000_000));
    }
    default:
      return async (turn) => touch(await session.read(idAt(turn)));
  }
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

/** Everybody asks for the same document while nothing is cached. */
async function stampede(session: Session, { lanes }: Plan): Promise<Round> {
  await need(session, 'forget').call(session);
  const statements = need(session, 'statements').bind(session);
  const id = idAt(position++);
  const before = statements();
  const round = await clocked(lanes, () => Promise.all(Array.from({ length: lanes }, () => session.read(id))));
  return { ...round, noticed: statements() - before };
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

function need<Name extends keyof Session>(session: Session, name: Name): NonNullable<Session[Name]> {
  const method = session[name];
  if (!method) throw new Error(`it has no ${name}()`);
  return method;
}

function idAt(turn: number): number {
  return ids[turn & 65_535]!;
}

/** Documents one after the other, whose authors are all different. */
function listAt(turn: number): number[] {
  const first = (turn * 137) % (documentCount - listLength);
  return Array.from({ length: listLength }, (_, index) => first + index + 1);
}

function touch(document: DocumentLike): void {
  touched += document.id + document.title.length + (document.createdAt === undefined ? 1 : 0);
}

function touchAll(texts: readonly string[]): void {
  for (const text of texts) touched += text.length;
}
