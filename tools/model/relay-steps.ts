import type { Step } from './explore.js';
import { holds, type Setting } from './rules.js';
import { at, step } from './step.js';
import { instancesUp, storeOf } from './store-state.js';
import { idleRelay, type World } from './world.js';

/** Everything that one relay may do next: it drains the outbox and renews the gate. */
export function relaySteps(setting: Setting, world: World, index: number): Step<World>[] {
  switch (at(world.relays, index).stage) {
    case 'idle':
      return world.clock < setting.bounds.ticks ? asks(world, index) : [];
    case 'asked':
      return judged(setting, world, index);
    case 'selecting':
      return [select(world, index)];
    case 'checked':
      return [apply(setting, world, index)];
    case 'applied':
      return [forget(world, index)];
  }
}

/** TIME on an instance: the gate's life is counted from here. */
function asks(world: World, index: number): Step<World>[] {
  return instancesUp(world).map((instance) =>
    step(world, `relay ${index} asks store ${instance} for the time: ${world.clock}`, (next) => {
      next.relays[index] = { ...idleRelay, stage: 'asked', store: instance, askedAt: next.clock };
    }),
  );
}

/** The row of the gate in PostgreSQL, and in the same statement the outbox. */
function judged(setting: Setting, world: World, index: number): Step<World>[] {
  const { store } = at(world.relays, index);
  const isOurs = world.gateInstance === store && world.suspended === 0;
  if (!isOurs) return [...takeOvers(setting, world, index), giveUp(world, index)];
  if (world.clock < world.grantableFrom) return [giveUp(world, index)];
  if (world.granted === 0) return [grants(world, index), giveUp(world, index)];
  return [
    step(
      world,
      `relay ${index} finds that it may grant epoch ${world.gateEpoch}, and ${rowsIn(world.outbox)}`,
      (next) => {
        const relay = at(next.relays, index);
        relay.epoch = next.gateEpoch;
        relay.stage = holds(setting, 'oneStatement') ? 'checked' : 'selecting';
        if (relay.stage === 'checked') relay.rows = next.outbox;
      },
    ),
  ];
}

function takeOvers(setting: Setting, world: World, index: number): Step<World>[] {
  const isBarred = holds(setting, 'openWritersBarTakeOver') && holds(setting, 'flux') && world.writers.some(isOpen);
  if (world.takeOvers >= setting.bounds.takeOvers || isBarred) return [];
  return [
    step(world, `relay ${index} gives the gate's row to store ${at(world.relays, index).store}`, (next) => {
      next.gateInstance = at(next.relays, index).store;
      if (holds(setting, 'newEpoch')) next.gateEpoch = next.nextEpoch++;
      next.grantableFrom = holds(setting, 'waitAtTakeOver') ? next.clock + setting.bounds.lifetime : next.clock;
      if (setting.bounds.suspensions > 0) Object.assign(next, { granted: 0, suspended: 0 });
      if (holds(setting, 'newToken')) next.token += 1;
      next.takeOvers += 1;
      next.relays[index] = { ...idleRelay };
    }),
  ];
}

function grants(world: World, index: number): Step<World> {
  return step(world, `relay ${index} grants the gate to store ${world.gateInstance}`, (next) => {
    next.granted = 1;
    next.relays[index] = { ...idleRelay };
  });
}

/** A strict writer holds the lock in PostgreSQL from its first write to its end. */
function isOpen({ stage, outcome }: World['writers'][number]): boolean {
  return outcome === 0 && (stage === 'open' || stage === 'marked');
}

function giveUp(world: World, index: number): Step<World> {
  return step(world, `relay ${index} may not grant a gate there`, (next) => {
    next.relays[index] = { ...idleRelay };
  });
}

function select(world: World, index: number): Step<World> {
  return step(world, `relay ${index} reads the outbox in a statement of its own: ${rowsIn(world.outbox)}`, (next) => {
    Object.assign(at(next.relays, index), { stage: 'checked', rows: next.outbox });
  });
}

/** The script in the store: drops the stamps of the outbox, then renews the gate. */
function apply(setting: Setting, world: World, index: number): Step<World> {
  const { store: instance, askedAt } = at(world.relays, index);
  const from = holds(setting, 'deadlineFromBefore') ? askedAt : world.clock;
  const until = from + setting.bounds.lifetime;
  return step(world, `relay ${index} drops stamps on store ${instance} and renews its gate until ${until}`, (next) => {
    const relay = at(next.relays, index);
    const store = storeOf(next, instance);
    if (store.isUp === 0) {
      next.relays[index] = { ...idleRelay };
      return;
    }
    if (holds(setting, 'drain') && relay.rows !== 0) store.stamp = 0;
    if (until > next.clock) Object.assign(store, { gateEpoch: relay.epoch, gateInstance: instance, gateUntil: until });
    relay.stage = 'applied';
  });
}

function forget(world: World, index: number): Step<World> {
  return step(world, `relay ${index} deletes ${rowsIn(at(world.relays, index).rows)}`, (next) => {
    next.outbox &= ~at(next.relays, index).rows;
    next.relays[index] = { ...idleRelay };
  });
}

function rowsIn(rows: number): string {
  const versions = [1, 2, 3, 4, 5].filter((version) => ((rows >> version) & 1) === 1);
  return versions.length === 0
    ? 'no rows in the outbox'
    : `the outbox rows of ${versions.map((v) => `v${v}`).join(', ')}`;
}
