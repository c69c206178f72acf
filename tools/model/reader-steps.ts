import type { Step } from './explore.js';
import { brokenPromise, type Returned } from './promises.js';
import { holds, type Setting } from './rules.js';
import { at, step } from './step.js';
import { acquire, epochOf, gateIsValid, instancesUp, storeOf } from './store-state.js';
import { idleReader, none, type Reader, type Store, type World } from './world.js';

/** Everything that one reader may do next. */
export function readerSteps(setting: Setting, world: World, index: number): Step<World>[] {
  const reader = at(world.readers, index);
  switch (reader.stage) {
    case 'idle':
      return reader.reads < setting.bounds.readsEach ? beginnings(setting, world, index) : [];
    case 'bypassing':
      return [load(setting, world, { index, keeps: false })];
    case 'acquiring':
      return [acquireStamp(setting, world, index)];
    case 'acquired':
      return [load(setting, world, { index, keeps: true }), ...joins(setting, world, index)];
    case 'holding':
    case 'storing':
      return [fill(setting, world, index), ...losses(setting, world, index)];
    case 'inSnapshot':
      return [lookInSnapshot(setting, world, index)];
  }
}

function beginnings(setting: Setting, world: World, index: number): Step<World>[] {
  const steps = instancesUp(world).map((instance) => lookUp(setting, world, { index, instance }));
  return holds(setting, 'noFillInSnapshot') ? steps : [...steps, ...snapshots(world, index)];
}

function snapshots(world: World, index: number): Step<World>[] {
  return instancesUp(world).map((instance) =>
    step(world, `reader ${index} begins REPEATABLE READ and sees v${world.committed}`, (next) => {
      Object.assign(at(next.readers, index), { stage: 'inSnapshot', store: instance, version: next.committed });
    }),
  );
}

function lookInSnapshot(setting: Setting, world: World, index: number): Step<World> {
  return step(world, `reader ${index}, in its snapshot, misses, takes the stamp and reads what it sees`, (next) => {
    const reader = at(next.readers, index);
    const store = storeOf(next, reader.store);
    reader.epoch = epochOf(setting, store);
    reader.stamp = acquire(setting, next, store);
    reader.stage = 'storing';
  });
}

/** One MGET of the entry, its stamp and the gate. */
function lookUp(setting: Setting, world: World, { index, instance }: { index: number; instance: number }): Step<World> {
  let outcome = '';
  return step(
    world,
    () => `reader ${index} asks store ${instance}: ${outcome}`,
    (next) => {
      const reader = at(next.readers, index);
      const store = storeOf(next, instance);
      reader.store = instance;
      reader.acknowledged = next.acknowledged;
      reader.returned = next.returned;
      const inFlux = store.flux !== 0 && holds(setting, 'bypassInFlux');
      if (!gateIsValid(setting, next, instance) || inFlux) {
        reader.stage = 'bypassing';
        outcome = inFlux ? 'the stamp is marked, so past the cache' : 'no valid gate, so past the cache';
        return undefined;
      }
      if (isHit(setting, store)) {
        const { entryVersion: version } = store;
        outcome = `hit, v${version}`;
        return returns(setting, next, { index, version, from: 'the cache' });
      }
      outcome = 'miss';
      reader.epoch = epochOf(setting, store);
      reader.stamp = holds(setting, 'acquireBeforeRead') ? store.stamp : 0;
      reader.stage = reader.stamp === 0 && holds(setting, 'acquireBeforeRead') ? 'acquiring' : 'acquired';
      return undefined;
    },
  );
}

function isHit(setting: Setting, store: Store): boolean {
  if (store.entryVersion === none || store.stamp === 0 || store.entryStamp !== store.stamp) return false;
  return !holds(setting, 'gate') || !holds(setting, 'epochInEntry') || store.entryEpoch === store.gateEpoch;
}

/** SET NX of a stamp that is missing. */
function acquireStamp(setting: Setting, world: World, index: number): Step<World> {
  return step(world, `reader ${index} takes the stamp on store ${at(world.readers, index).store}`, (next) => {
    const reader = at(next.readers, index);
    const store = storeOf(next, reader.store);
    if (store.isUp === 0 || (store.flux !== 0 && holds(setting, 'bypassInFlux'))) {
      reader.stage = 'bypassing';
      reader.epoch = 0;
    } else {
      reader.stamp = acquire(setting, next, store);
      reader.stage = 'acquired';
    }
  });
}

/** The SELECT, and the answer to the caller. */
function load(setting: Setting, world: World, { index, keeps }: { index: number; keeps: boolean }): Step<World> {
  const what = `reader ${index} reads v${world.committed} from the database${keeps ? '' : ' and stores nothing'}`;
  return step(world, what, (next) => {
    const { stamp, epoch, store, reads } = at(next.readers, index);
    const version = next.committed;
    const broken = returns(setting, next, { index, version, from: 'the database' });
    if (keeps) next.readers[index] = { ...idleReader(reads), stage: 'holding', stamp, epoch, store, version };
    return broken;
  });
}

/** The answer of a load that somebody else began and that is still under way. */
function joins(setting: Setting, world: World, index: number): Step<World>[] {
  const own = at(world.readers, index);
  return world.readers.flatMap((other, place) => {
    const isSame = other.stamp === own.stamp && other.store === own.store && other.epoch === own.epoch;
    if (other.stage !== 'holding' || other.stamp === 0 || (holds(setting, 'joinByStamps') && !isSame)) return [];
    const { version } = other;
    return [
      step(world, `reader ${index} shares the load of reader ${place}, which read v${version}`, (next) =>
        returns(setting, next, { index, version, from: 'a joined load' }),
      ),
    ];
  });
}

/** SET of the entry, which nobody waits for. */
function fill(setting: Setting, world: World, index: number): Step<World> {
  const { version, store: instance } = at(world.readers, index);
  return step(world, `the fill of reader ${index} arrives in store ${instance}: v${version}`, (next) => {
    const { stamp, epoch, reads } = at(next.readers, index);
    const store = storeOf(next, instance);
    if (store.isUp !== 0) {
      store.entryVersion = version;
      store.entryStamp = stamp === 0 ? acquire(setting, next, store) : stamp;
      store.entryEpoch = epoch;
    }
    next.readers[index] = idleReader(reads + 1);
  });
}

/** Where the reader goes on afterwards; else it is as if the fill never arrived, which is looked at anyway. */
function losses(setting: Setting, world: World, index: number): Step<World>[] {
  if (setting.bounds.readsEach === 1) return [];
  return [
    step(world, `the fill of reader ${index} is lost`, (next) => {
      next.readers[index] = idleReader(at(next.readers, index).reads + 1);
    }),
  ];
}

/** Ends a read and judges it. */
function returns(setting: Setting, next: World, returned: Returned & { readonly index: number }): string | undefined {
  const reader: Reader = at(next.readers, returned.index);
  const broken = brokenPromise(setting, next, { ...returned, reader });
  next.returned = Math.max(next.returned, returned.version);
  next.readers[returned.index] = idleReader(reader.reads + 1);
  return broken;
}
