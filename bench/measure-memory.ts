import { setImmediate as turn } from 'node:timers/promises';
import type { Session } from './contender.js';
import type { Round } from './workloads.js';

/** Fills the cache; `count` is the growth of the memory in bytes, `noticed` what is stored in it as text. */
export async function measureMemory(session: Session): Promise<Round> {
  await session.read(1);
  const before = await settledBytes();
  await session.warm('memory');
  const count = (await settledBytes()) - before;
  return { count, elapsedMs: 1, cpuMs: 0, noticed: (await session.storedBytes?.()) ?? 0 };
}

async function settledBytes(): Promise<number> {
  for (let round = 0; round < 6; round += 1) {
    await turn();
    globalThis.gc?.();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
