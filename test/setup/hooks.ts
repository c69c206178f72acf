import type { Context, Runnable, Suite } from 'mocha';
import { dropFreshDatabases, noteTestEnd, noteTestStart } from './fresh.js';
import { stopSharedServers } from './shared-servers.js';

/** Hooks around every test of the run. */
export const mochaHooks = {
  beforeEach: noteTestStart,
  afterEach: noteTestEnd,
  afterAll(this: Context) {
    if (process.env['CI'] === 'true') refuseSkippedTests(rootOf(this));
  },
};

/** Runs once after everything, also when tests failed. */
export async function mochaGlobalTeardown(): Promise<void> {
  if (process.env['DATABASE_URL']) await dropFreshDatabases();
  await stopSharedServers();
}

function rootOf(context: Context): Suite {
  const hook: Runnable | undefined = context.test;
  let suite = hook?.parent;
  while (suite?.parent) suite = suite.parent;
  if (!suite) throw new Error('Expected a root hook, which has a suite.');
  return suite;
}

function refuseSkippedTests(root: Suite): void {
  const skipped: string[] = [];
  root.eachTest((test) => {
    if (test.isPending()) skipped.push(test.fullTitle());
  });
  if (skipped.length > 0) throw new Error(`CI skips nothing, but these tests were skipped:\n${skipped.join('\n')}`);
}
