import { holds, type Setting } from './rules.js';
import type { Reader, World } from './world.js';

export interface Returned {
  readonly version: number;
  readonly from: 'the cache' | 'the database' | 'a joined load';
}

/** Which promise is broken by a read that returns this version; undefined where none is. */
export function brokenPromise(
  setting: Setting,
  world: World,
  { reader, version, from }: Returned & { readonly reader: Reader },
): string | undefined {
  const what = `the read returns v${version} from ${from}`;
  if (version > world.committed) return `P4: a read returns a value from ${from} that was never committed`;
  if (version < reader.acknowledged) return `P1: ${what}, but v${reader.acknowledged} was acknowledged before it began`;
  if (from === 'the cache' && holds(setting, 'gate')) {
    const due = newestCommittedBefore(world, world.clock - setting.bounds.lifetime);
    if (version < due) return `P2: ${what}, but v${due} was committed more than the gate's lifetime ago`;
  }
  if (setting.bounds.level === 'strict' && version < reader.returned) {
    return `P3: ${what}, but v${reader.returned} had been returned before it began`;
  }
  return undefined;
}

/** The newest version that was committed at this time or earlier. */
function newestCommittedBefore(world: World, time: number): number {
  let newest = 0;
  for (let version = 1; version <= world.committed; version += 1) {
    if ((world.commitTimes[version - 1] ?? 0) <= time) newest = version;
  }
  return newest;
}
