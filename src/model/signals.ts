import type { ModelClassLike } from '../schema/declaration.js';

/** What can be listened to. */
export type Signal = 'saved' | 'deleted';

/** What a listener is told. */
export interface SignalEvent<T> {
  readonly instance: T;
  /** True where `saved` means an insert. */
  readonly created: boolean;
}

export type SignalListener<T> = (event: SignalEvent<T>) => void | Promise<void>;

const listeners = new WeakMap<object, Map<Signal, Set<SignalListener<never>>>>();

/** Calls `listener` for instances of `model` and of classes that extend it. Returns how to stop that. */
export function listen<T>(model: ModelClassLike, signal: Signal, listener: SignalListener<T>): () => void {
  const bySignal = listeners.get(model) ?? new Map<Signal, Set<SignalListener<never>>>();
  listeners.set(model, bySignal);
  const known = bySignal.get(signal) ?? new Set();
  bySignal.set(signal, known.add(listener));
  return () => known.delete(listener);
}

/** Who listens for this instance's class and those it extends. */
export function listenersOf(instance: object, signal: Signal): SignalListener<object>[] {
  const found: SignalListener<never>[] = [];
  for (let model: unknown = instance.constructor; typeof model === 'function'; model = Object.getPrototypeOf(model)) {
    found.push(...(listeners.get(model)?.get(signal) ?? []));
  }
  return found as SignalListener<object>[]; // each was registered for a class that the instance is of
}
