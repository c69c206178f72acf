import { expect } from 'chai';

type ErrorClass<E extends Error> = abstract new (...args: never[]) => E;

/** What a promise is rejected with, which must be of this class and, where it is given, have this message. */
export async function rejection<E extends Error>(
  promise: PromiseLike<unknown>,
  expected: ErrorClass<E>,
  message?: string,
): Promise<E> {
  const error = await Promise.resolve(promise).then(
    () => expect.fail(`expected a rejection with ${expected.name}, but the promise was fulfilled`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof expected)) throw error;
  if (message !== undefined) expect(error.message).to.equal(message);
  return error;
}

/** What a call throws, under the same conditions. */
export function thrown<E extends Error>(call: () => unknown, expected: ErrorClass<E>, message?: string): E {
  try {
    call();
  } catch (error) {
    if (!(error instanceof expected)) throw error;
    if (message !== undefined) expect(error.message).to.equal(message);
    return error;
  }
  return expect.fail(`expected ${expected.name}, but nothing was thrown`);
}
