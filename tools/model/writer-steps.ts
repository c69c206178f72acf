import type { Step } from './explore.js';
import { holds, type Setting } from './rules.js';
import { at, step } from './step.js';
import { acquire, epochOf, gateIsValid, instancesUp, storeOf } from './store-state.js';
import { isClosedForLong } from './suspension-steps.js';
import { uncommitted, type World } from './world.js';

/** Everything that one writer may do next, or that may happen to it. */
export function writerSteps(setting: Setting, world: World, index: number): Step<World>[] {
  return [...goOn(setting, world, index), ...crash(setting, world, index), ...resolve(setting, world, index)];
}

function goOn(setting: Setting, world: World, index: number): Step<World>[] {
  switch (at(world.writers, index).stage) {
    case 'idle':
      return [begin(world, index)];
    case 'open':
      return inTransaction(setting, world, index);
    case 'marked':
    case 'dropped':
      return [commit(setting, world, index), ...rollBack(setting, world, index)];
    case 'committed':
      return acknowledgements(setting, world, index);
    case 'waiting':
      return waited(setting, world, index);
    case 'rolledBack':
      return unmarkAfterRollback(world, index);
    case 'done':
      return [];
  }
}

function begin(world: World, index: number): Step<World> {
  return step(world, `writer ${index}: BEGIN and UPDATE`, (next) => {
    at(next.writers, index).stage = 'open';
  });
}

function inTransaction(setting: Setting, world: World, index: number): Step<World>[] {
  if (holds(setting, 'flux')) return marks(setting, world, index);
  if (!holds(setting, 'dropAfterCommit')) return drops(world, index);
  const own = holds(setting, 'noFillInTransaction') ? [] : ownReads(setting, world, index);
  return [commit(setting, world, index), ...rollBack(setting, world, index), ...own];
}

/** Without the rule: what the transaction reads of its own is stored for everybody. */
function ownReads(setting: Setting, world: World, index: number): Step<World>[] {
  return instancesUp(world).map((instance) =>
    step(world, `writer ${index} reads its own row and stores it in store ${instance}`, (next) => {
      const store = storeOf(next, instance);
      store.entryStamp = acquire(setting, next, store);
      store.entryVersion = uncommitted;
      store.entryEpoch = epochOf(setting, store);
    }),
  );
}

/** Without the rule: the drop comes first. */
function drops(world: World, index: number): Step<World>[] {
  return instancesUp(world).map((instance) =>
    step(world, `writer ${index} drops the stamp on store ${instance}`, (next) => {
      storeOf(next, instance).stamp = 0;
      Object.assign(at(next.writers, index), { stage: 'dropped', store: instance });
    }),
  );
}

/** Strict: marks the stamp as in flux before COMMIT, where the gate's row and the gate allow it; else the write fails. */
function marks(setting: Setting, world: World, index: number): Step<World>[] {
  const allowed = instancesUp(world).filter(
    (instance) =>
      (world.gateInstance === instance || !holds(setting, 'rowNamesInstance')) &&
      (gateIsValid(setting, world, instance) || !holds(setting, 'markNeedsGate')),
  );
  const marked = allowed.map((instance) =>
    step(world, `writer ${index} marks the stamp on store ${instance}`, (next) => {
      const store = storeOf(next, instance);
      store.flux |= 1 << index;
      store.stamp = 0;
      Object.assign(at(next.writers, index), { stage: 'marked', store: instance });
    }),
  );
  const fails = step(world, `writer ${index} cannot reach the store: ROLLBACK`, (next) => {
    Object.assign(at(next.writers, index), { stage: 'done', outcome: 2 });
  });
  return [...marked, fails];
}

function commit(setting: Setting, world: World, index: number): Step<World> {
  return step(world, `writer ${index}: COMMIT of v${world.committed + 1}`, (next) => {
    commitVersion(setting, next);
    const writer = at(next.writers, index);
    writer.version = next.committed;
    writer.committedAt = next.clock;
    writer.outcome = 1;
    if (writer.stage === 'dropped') acknowledge(next, index);
    else writer.stage = 'committed';
  });
}

/** One more version in the database, and its row in the outbox. */
export function commitVersion(setting: Setting, next: World): void {
  next.commitTimes[next.committed] = next.clock;
  next.committed += 1;
  if (holds(setting, 'gate') && holds(setting, 'outbox')) next.outbox |= 1 << next.committed;
}

function rollBack(setting: Setting, world: World, index: number): Step<World>[] {
  if (!setting.bounds.rollbacks) return [];
  return [
    step(world, `writer ${index}: ROLLBACK`, (next) => {
      const writer = at(next.writers, index);
      writer.outcome = 2;
      writer.stage = writer.stage === 'marked' ? 'rolledBack' : 'done';
    }),
  ];
}

/** The drop of the stamp and a look at the gate; or no answer. */
function acknowledgements(setting: Setting, world: World, index: number): Step<World>[] {
  const dropped = instancesForDrop(setting, world, index).map((instance) => {
    const isValid = gateIsValid(setting, world, instance) || !holds(setting, 'writerChecksGate');
    const what = `writer ${index} drops the stamp on store ${instance} and ${isValid ? 'is acknowledged' : 'has to wait, for want of a gate'}`;
    return step(world, what, (next) => {
      const store = storeOf(next, instance);
      store.flux &= ~(1 << index);
      store.stamp = 0;
      if (isValid) acknowledge(next, index);
      else at(next.writers, index).stage = 'waiting';
    });
  });
  return holds(setting, 'gate') ? [...dropped, unreachable(setting, world, index)] : dropped;
}

function instancesForDrop(setting: Setting, world: World, index: number): number[] {
  const up = instancesUp(world);
  return holds(setting, 'flux') ? up.filter((instance) => instance === at(world.writers, index).store) : up;
}

function unreachable(setting: Setting, world: World, index: number): Step<World> {
  return step(world, `writer ${index} cannot reach the store`, (next) => {
    if (holds(setting, 'writerChecksGate')) at(next.writers, index).stage = 'waiting';
    else acknowledge(next, index);
  });
}

/** A relay has heard of the write, or every gate that was there at COMMIT has ended, or that is so already. */
function waited(setting: Setting, world: World, index: number): Step<World>[] {
  const { version, committedAt } = at(world.writers, index);
  const isHeard = holds(setting, 'outbox') && ((world.outbox >> version) & 1) === 0;
  const isClosed = isClosedForLong(setting, world);
  if (!isHeard && !isClosed && world.clock < committedAt + setting.bounds.lifetime) return [];
  const reason = isHeard ? 'its change was heard of' : isClosed ? 'no gate can be open' : 'it has waited long enough';
  return [step(world, `writer ${index} is acknowledged: ${reason}`, (next) => acknowledge(next, index))];
}

function acknowledge(next: World, index: number): void {
  const writer = at(next.writers, index);
  next.acknowledged = Math.max(next.acknowledged, writer.version);
  writer.stage = 'done';
}

function unmarkAfterRollback(world: World, index: number): Step<World>[] {
  const { store: instance } = at(world.writers, index);
  if (storeOf(world, instance).isUp === 0) return [];
  return [
    step(world, `writer ${index} takes its mark back after the rollback`, (next) => {
      unmark(next, index, instance);
      at(next.writers, index).stage = 'done';
    }),
  ];
}

function crash(setting: Setting, world: World, index: number): Step<World>[] {
  const { stage } = at(world.writers, index);
  if (!setting.bounds.crashes || stage === 'idle' || stage === 'done') return [];
  return [
    step(world, `writer ${index} dies`, (next) => {
      const writer = at(next.writers, index);
      if (writer.outcome === 0) writer.outcome = 2;
      writer.stage = 'done';
    }),
  ];
}

/** The relay learns what became of a transaction and takes its mark away. */
function resolve(setting: Setting, world: World, index: number): Step<World>[] {
  if (!holds(setting, 'flux') || at(world.writers, index).outcome === 0) return [];
  return instancesUp(world)
    .filter((instance) => ((storeOf(world, instance).flux >> index) & 1) === 1)
    .map((instance) =>
      step(
        world,
        `the relay finds the transaction of writer ${index} ended and takes its mark from store ${instance}`,
        (next) => unmark(next, index, instance),
      ),
    );
}

function unmark(next: World, index: number, instance: number): void {
  const store = storeOf(next, instance);
  store.flux &= ~(1 << index);
  store.stamp = 0;
}
