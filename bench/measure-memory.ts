import { setImmediate as turn } from 'node:timers/promises';
import type { Session } from './contender.js';
import { documentCount, idsTo } from './dataset.js';
import type { Round } from './workloads.js';

const lanes = 64;

/**
 * Reads half of the documents, so that code is compiled and connections are open, then the others. `count` is the growth
 * of the memory by the others, in bytes, `noticed` what is stored of them as text.
 */
export async function measureMemory(session: Session): Promise<Round> {
  const ids = idsTo(documentCount);
  const others = ids.splice(documentCount / 2);
  await readAll(session, ids);
  const before = await settledBytes();
  await readAll(session, others);
  const count = (await settledBytes()) - before;
  return { count, elapsedMs: 1, cpuMs: 0, noticed: (await session.storedBytes?.(others)) ?? 0 };
}

async function readAll(session: Session, ids: readonly number[]): Promise<void> {
  const left = [...ids];
  const lane = async (): Promise<void> => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) await session.read(id);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

async function settledBytes(): Promise<number> {
  for (let round = 0; round < 6; round += 1) {
    await turn();
    globalThis.gc?.();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
