import { declarationChain, type HookMoment } from '../schema/declaration.js';

/** The names of the methods that run at a moment, those of parents first. */
export function hooksOf(instance: object, moment: HookMoment): readonly string[] {
  const names = new Set<string>();
  for (const { hooks } of declarationChain(instance.constructor)) {
    for (const hook of hooks) if (hook.moment === moment) names.add(hook.method);
  }
  return [...names];
}

/** Runs the hooks of a moment one after the other; the first that throws ends it. */
export async function runHooks(instance: object, moment: HookMoment): Promise<void> {
  for (const name of hooksOf(instance, moment)) {
    await (Reflect.get(instance, name) as () => unknown).call(instance);
  }
}
