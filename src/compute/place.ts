import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Where a call stands in the source text, such as `src/stats.ts:12:22`: whoever called `below` called from there. */
export function placeOfCall(below: (...args: never[]) => unknown): string {
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, below);
  const line = holder.stack?.split('\n').find((text) => text.trimStart().startsWith('at ')) ?? '';
  return toPlace(/\(?((?:file:\/\/)?[^\s()]+:\d+:\d+)\)?$/.exec(line)?.[1] ?? 'an unknown place');
}

/** A place as people read it. A module that is loaded again, as on a hot reload, has another query but the same place. */
export function toPlace(location: string): string {
  const [, path = location, position = ''] = /^(.*?)(?:\?[^:]*)?((?::\d+:\d+)?)$/.exec(location) ?? [];
  if (!path.startsWith('file:') && !path.startsWith('/')) return path + position;
  return relative(process.cwd(), path.startsWith('file:') ? fileURLToPath(path) : path) + position;
}
