/** A value that may already be here. Callers on the hot path look before they await. */
export type Awaitable<T> = T | Promise<T>;

/** Tells a promise from a value that is already here. */
export function isPromise<T>(value: Awaitable<T>): value is Promise<T> {
  return value instanceof Promise;
}
