import type { Step } from './explore.js';
import { holds, type Setting } from './rules.js';
import { step } from './step.js';
import type { World } from './world.js';

/**
 * Writes of other rows, which wait in vain and then suspend the gate; and looks at its row by the process that all
 * writers are in, with what it remembers. Both may come at any time, more often than in the library.
 */
export function suspensionSteps(setting: Setting, world: World): Step<World>[] {
  if (setting.bounds.suspensions === 0) return [];
  return [...suspends(setting, world), ...looks(setting, world)];
}

/** Whether relays may renew the gate. */
function isRenewable({ granted, suspended }: World): boolean {
  return granted === 1 && suspended === 0;
}

function suspends(setting: Setting, world: World): Step<World>[] {
  if (!isRenewable(world) || world.suspensions >= setting.bounds.suspensions) return [];
  return [
    step(world, 'a writer of another row has waited in vain and suspends the gate', (next) => {
      next.suspended = 1;
      next.suspensions += 1;
    }),
  ];
}

function looks(setting: Setting, world: World): Step<World>[] {
  if (isRenewable(world)) {
    if (world.seenToken === 0) return [];
    return [
      step(world, 'the writers look at the row of the gate: it may be renewed', (next) => {
        Object.assign(next, { seenToken: 0, seenGranted: 0, seenSince: 0 });
      }),
    ];
  }
  if (isRemembered(setting, world)) return [];
  return [
    step(world, `the writers look at the row of the gate: nobody may renew it, at ${world.clock}`, (next) => {
      Object.assign(next, { seenToken: next.token, seenGranted: next.granted, seenSince: next.clock });
    }),
  ];
}

/** Whether the row was like that when the writers looked last. */
function isRemembered(setting: Setting, { token, granted, seenToken, seenGranted }: World): boolean {
  return seenToken === token && (seenGranted === granted || !holds(setting, 'grantRemembered'));
}

/** Whether a look tells that no gate can be open. */
export function isClosedForLong(setting: Setting, world: World): boolean {
  if (setting.bounds.suspensions === 0 || isRenewable(world) || !isRemembered(setting, world)) return false;
  return world.clock >= world.seenSince + setting.bounds.lifetime || !holds(setting, 'closedForLong');
}
