import { declarationChain, type HookMoment } from '../schema/declaration.js';

const known = new WeakMap<object, Map<HookMoment, readonly string[]>>();

/** The names of the methods that run at a moment, those of parents first. A class has all of them before its first instance. */
export function hooksOf(instance: object, moment: HookMoment): readonly string[] {
  const model = instance.constructor;
  let byMoment = known.get(model);
  if (!byMoment) known.set(model, (byMoment = new Map()));
  let names = byMoment.get(moment);
  if (!names) byMoment.set(moment, (names = findHooks(model, moment)));
  return names;
}

function findHooks(model: object, moment: HookMoment): string[] {
  const hooks = declarationChain(model).flatMap((declaration) => declaration.hooks);
  return [...new Set(hooks.filter((hook) => hook.moment === moment).map(({ method }) => method))];
}

/** Runs the hooks of a moment one after the other; the first that throws ends it. */
export async function runHooks(instance: object, moment: HookMoment): Promise<void> {
  for (const name of hooksOf(instance, moment)) {
    await (Reflect.get(instance, name) as () => unknown).call(instance);
  }
}
