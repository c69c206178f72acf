import { holds, type Setting } from './rules.js';
import type { Store, World } from './world.js';

/** Whether the gate of this instance lets hits and quick acknowledgements pass. */
export function gateIsValid(setting: Setting, world: World, instance: number): boolean {
  if (!holds(setting, 'gate')) return true;
  const store = storeOf(world, instance);
  const isHere = store.gateInstance === instance || !holds(setting, 'instanceCheck');
  return store.gateEpoch !== 0 && store.gateUntil > world.clock && isHere;
}

/** The epoch that an entry made now belongs to. */
export function epochOf(setting: Setting, store: Store): number {
  return holds(setting, 'gate') ? store.gateEpoch : 0;
}

/** The stamp that is there, else a new one. */
export function acquire(setting: Setting, world: World, store: Store): number {
  if (store.stamp === 0) store.stamp = holds(setting, 'randomStamps') ? unusedStamp(world) : 1;
  return store.stamp;
}

export function storeOf(world: World, instance: number): Store {
  const store = world.stores[instance];
  if (!store) throw new RangeError('there is no such instance');
  return store;
}

/** The instances that answer. */
export function instancesUp(world: World): number[] {
  return world.stores.flatMap(({ isUp }, instance) => (isUp === 0 ? [] : [instance]));
}

/** A number that nobody holds: it stands for a random text that was never there before. */
function unusedStamp(world: World): number {
  for (let stamp = 1; ; stamp += 1) if (!isHeld(world, stamp)) return stamp;
}

function isHeld({ stores, snapshot, readers }: World, stamp: number): boolean {
  return (
    [...stores, snapshot].some((store) => store.stamp === stamp || store.entryStamp === stamp) ||
    readers.some((reader) => reader.stamp === stamp)
  );
}
