import type { Step } from './explore.js';
import { holds, type Setting } from './rules.js';
import { at, step } from './step.js';
import { instancesUp, storeOf } from './store-state.js';
import { emptyStore, type World } from './world.js';
import { commitVersion } from './writer-steps.js';

/** What nobody in the protocol does: time, plain SQL, and everything that goes wrong in Redis. */
export function faultSteps(setting: Setting, world: World): Step<World>[] {
  return [
    ...ticks(setting, world),
    ...rawWrites(setting, world),
    ...losses(setting, world),
    ...snapshots(setting, world),
    ...failovers(setting, world),
  ];
}

function ticks(setting: Setting, world: World): Step<World>[] {
  if (world.clock >= setting.bounds.ticks) return [];
  return [
    step(world, `— the clock goes to ${world.clock + 1}`, (next) => {
      next.clock += 1;
      for (const store of next.stores) {
        if (store.gateUntil <= next.clock) Object.assign(store, { gateEpoch: 0, gateInstance: 0, gateUntil: 0 });
        if (!holds(setting, 'fluxLasts')) store.flux = 0;
      }
    }),
  ];
}

function rawWrites(setting: Setting, world: World): Step<World>[] {
  if (world.rawWrites >= setting.bounds.rawWrites) return [];
  return [
    step(world, `plain SQL: COMMIT of v${world.committed + 1}`, (next) => {
      commitVersion(setting, next);
      next.rawWrites += 1;
    }),
  ];
}

/** An evicted stamp; or, with a gate, all that there is. */
function losses(setting: Setting, world: World): Step<World>[] {
  if (world.losses >= setting.bounds.losses) return [];
  return instancesUp(world).flatMap((instance) => [
    ...(at(world.stores, instance).stamp === 0
      ? []
      : [
          lose(world, `store ${instance} evicts the stamp`, (next) => {
            storeOf(next, instance).stamp = 0;
          }),
        ]),
    ...(setting.bounds.level === 'guarded'
      ? [
          lose(world, `store ${instance} loses everything`, (next) => {
            next.stores[instance] = emptyStore(1);
          }),
        ]
      : []),
  ]);
}

function lose(world: World, what: string, change: (next: World) => void): Step<World> {
  return step(world, what, (next) => {
    change(next);
    next.losses += 1;
  });
}

function snapshots(setting: Setting, world: World): Step<World>[] {
  if (setting.bounds.failovers === 0 || world.snapshots > 0) return [];
  return [
    step(world, 'a replica, or a file on disk, has what store 0 holds now', (next) => {
      next.snapshot = { ...at(next.stores, 0), isUp: 0 };
      next.snapshots = 1;
    }),
  ];
}

function failovers(setting: Setting, world: World): Step<World>[] {
  if (world.snapshots === 0 || world.failovers >= setting.bounds.failovers) return [];
  return [
    step(world, 'store 1 starts from what was there then', (next) => {
      next.stores[1] = { ...next.snapshot, isUp: 1 };
      next.snapshot = emptyStore(0);
      next.failovers += 1;
      if (!setting.bounds.oldStaysUp) next.stores[0] = emptyStore(0);
    }),
  ];
}
