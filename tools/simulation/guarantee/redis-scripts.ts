import { dropUnmarkedScript, markScript, unmarkScript } from '../../../src/store/gate/mark-scripts.js';
import { renewScript } from '../../../src/store/gate/renew-script.js';
import type { RedisServer } from './redis-server.js';

type Script = (server: RedisServer, keys: readonly string[], words: readonly string[]) => unknown;

/** What the scripts of the library do, by their texts. */
const scripts: ReadonlyMap<string, Script> = new Map<string, Script>([
  [renewScript, renew],
  [markScript, mark],
  [unmarkScript, unmark],
  [dropUnmarkedScript, dropUnmarked],
  ["return redis.call('ZRANGE', KEYS[1], 0, ARGV[1])", oldest],
  ["return redis.call('SMEMBERS', KEYS[1])", (server, [key = '']) => server.listed(key)],
]);

/** Runs a script at once. Throws for one that the simulation does not know: it must not guess. */
export function runScript(
  server: RedisServer,
  text: string,
  keys: readonly string[],
  words: readonly string[],
): unknown {
  const script = scripts.get(text);
  if (!script) throw new Error(`the simulated Redis does not know this script: ${text}`);
  return script(server, keys, words);
}

function renew(server: RedisServer, keys: readonly string[], words: readonly string[]): number {
  const [gate = '', witness] = keys;
  const [runId = '', replicationId, epoch = '', beat = '', deadline = '', text] = words;
  if (server.runId !== runId || server.replicationId !== replicationId) return -1;
  if (witness !== undefined && server.text(witness) !== text) return -2;
  if (Number(deadline) <= server.nowMs) return 0;
  server.unlink(gate);
  server.set(gate, [epoch, runId, beat, deadline].join('|'), Number(deadline));
  return 1;
}

function mark(server: RedisServer, keys: readonly string[], words: readonly string[]): number {
  const [gate = '', index = '', own = '', ...stamps] = keys;
  const [epoch = '', runId = '', id = ''] = words;
  if (!gateIsValid(server, gate, { epoch, runId })) return 0;
  server.scores(index).set(id, Math.floor(server.nowMs / 1000));
  for (const stamp of stamps) {
    const marks = [...others(server, stamp, id), id];
    server.members(own).add(stamp);
    server.set(stamp, `~${marks.join(',')}`);
  }
  return 1;
}

function unmark(server: RedisServer, keys: readonly string[], words: readonly string[]): number {
  const [gate = '', index = '', own = '', ...stamps] = keys;
  const [epoch = '', runId = '', id = ''] = words;
  for (const stamp of stamps) {
    const marks = others(server, stamp, id);
    if (marks.length === 0) server.unlink(stamp);
    else server.set(stamp, `~${marks.join(',')}`);
    server.members(own).delete(stamp);
  }
  if (server.listed(own).length === 0) server.scores(index).delete(id);
  return gateIsValid(server, gate, { epoch, runId }) ? 1 : 0;
}

function dropUnmarked(server: RedisServer, keys: readonly string[]): number {
  for (const key of keys) if (!isMarked(server, key)) server.unlink(key);
  return 1;
}

function oldest(server: RedisServer, [index = '']: readonly string[], [last]: readonly string[]): readonly string[] {
  return server.listed(index).slice(0, Number(last) + 1);
}

function gateIsValid(server: RedisServer, gate: string, { epoch, runId }: { epoch: string; runId: string }): boolean {
  return server.runId === runId && server.text(gate)?.startsWith(`${epoch}|${runId}|`) === true;
}

/** The ids in a mark but one. */
function others(server: RedisServer, stamp: string, own: string): readonly string[] {
  if (!isMarked(server, stamp)) return [];
  return (server.text(stamp)?.match(/\d+/g) ?? []).filter((id) => id !== own);
}

function isMarked(server: RedisServer, key: string): boolean {
  return /^~\d/.test(server.text(key) ?? '');
}
