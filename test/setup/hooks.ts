/** Mocha root hooks; the shared servers are stopped here. */
export const mochaHooks = {};
