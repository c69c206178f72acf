import { declarationChain, type HookMoment } from '../schema/declaration.js';

type Hooks = Map<HookMoment, readonly string[]>;

const known = new WeakMap<object, Hooks>();

/** The names of the methods that run at a moment, those of parents first. A class has all of them before its first instance. */
export function hooksOf(instance: object, moment: HookMoment): readonly string[] {
  const model = instance.constructor;
  const found = known.get(model)?.get(moment);
  if (found) return found;
  const hooks: Hooks = known.get(model) ?? new Map<HookMoment, readonly string[]>();
  const names = findHooks(model, moment);
  known.set(model, hooks.set(moment, names));
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
