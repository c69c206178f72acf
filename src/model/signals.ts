import { UsageError } from '../errors.js';
import { declarationOf, type ModelClassLike } from '../schema/declaration.js';
import { nearest } from '../support/nearest.js';

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

const signals: readonly Signal[] = ['saved', 'deleted'];

/** Calls `listener` for instances of `model` and of classes that extend it. Returns how to stop that. Throws UsageError for other signals. */
export function listen<T>(model: ModelClassLike, signal: Signal, listener: SignalListener<T>): () => void {
  if (!signals.includes(signal)) {
    const hint = nearest(String(signal), signals);
    const help = hint ? `did you mean '${hint}'?` : `use 'saved' or 'deleted'`;
    throw new UsageError(
      `${declarationOf(model).table?.label ?? model.name}.on: there is no signal '${String(signal)}'; ${help}`,
    );
  }
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
    const known = listeners.get(model)?.get(signal);
    if (known) found.push(...known);
  }
  return found as SignalListener<object>[]; // each was registered for a class that the instance is of
}
