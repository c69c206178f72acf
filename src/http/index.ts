export { cachedHandler, type CachedHandler } from './cached-handler.js';
export { cachedNodeHandler, type CachedNodeHandler } from './cached-node-handler.js';
export { cachedFragment } from './cached-fragment.js';
export type { CachedPages } from './page-cache.js';
export type { PageOptions } from './page-options.js';
