import { UsageError } from '../../errors.js';
import { declarationOf, type HookMoment } from '../../schema/declaration.js';
import { assertLegacy } from './decorated-property.js';

type HookDecorator = (target: object, key: string | symbol, descriptor: PropertyDescriptor) => void;

function hook(decorator: string, moment: HookMoment): () => HookDecorator {
  const make = (...misplaced: readonly unknown[]): HookDecorator => {
    if (misplaced.length > 0) throw new UsageError(`@${decorator}: write it with parentheses, as @${decorator}()`);
    return (target, key, descriptor) => declareHook(decorator, moment, { target, key, descriptor });
  };
  return make;
}

function declareHook(
  decorator: string,
  moment: HookMoment,
  { target, key, descriptor }: { target: object; key: string | symbol; descriptor: PropertyDescriptor | undefined },
): void {
  assertLegacy(decorator, target, key);
  if (typeof target === 'function' || typeof key !== 'string' || typeof descriptor?.value !== 'function') {
    const owner = typeof target === 'function' ? target : target.constructor;
    throw new UsageError(`@${decorator}() on ${owner.name}.${String(key)}: write it above a method of instances`);
  }
  declarationOf(target.constructor).hooks.push({ moment, method: key });
}

/** Runs a method before each insert or update, in its transaction; what it throws prevents the write. */
export const BeforeSave = hook('BeforeSave', 'beforeSave');
/** Runs a method after each insert or update, in its transaction; what it throws undoes the write. */
export const AfterSave = hook('AfterSave', 'afterSave');
/** Runs a method before each delete, in its transaction; what it throws prevents it. */
export const BeforeDelete = hook('BeforeDelete', 'beforeDelete');
/** Runs a method after each delete, in its transaction; what it throws undoes it. */
export const AfterDelete = hook('AfterDelete', 'afterDelete');
/** Runs a method after the commit of each write; what it throws becomes a process warning. */
export const AfterCommit = hook('AfterCommit', 'afterCommit');
