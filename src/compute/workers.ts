import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UsageError } from '../errors.js';
import { declaredLabels, declaresLabels } from './labels.js';
import { toPlace } from './place.js';

/** Modules that were imported for what they declare; a module runs once, however often it is named. */
const imported = new Set<string>();

/**
 * Imports modules that declare cached functions and nodes. A path that begins with a dot is taken from the working
 * directory; anything else is a file's address or a package's name. Throws UsageError for one that cannot be found or
 * that declares nothing.
 */
export async function importWorkers(paths: unknown): Promise<void> {
  if (paths === undefined) return;
  if (!Array.isArray(paths) || !paths.every((path) => typeof path === 'string' && path !== '')) {
    throw new UsageError("connect: workers must be a list of paths of modules, such as ['./workers.js']");
  }
  for (const path of paths as string[]) await importWorker(path);
}

async function importWorker(path: string): Promise<void> {
  const url = addressOf(path);
  if (imported.has(url)) return;
  const before = new Set(declaredLabels());
  try {
    await import(url);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`connect: the worker '${path}' cannot be imported: ${reason}`, { cause: error });
  }
  const isNew = declaredLabels().some((label) => !before.has(label));
  if (!isNew && !declaresLabels(toPlace(url))) {
    throw new UsageError(
      `connect: the worker '${path}' declares nothing: call cached(label, function) or write @Node(label) in it`,
    );
  }
  imported.add(url);
}

function addressOf(path: string): string {
  if (path.startsWith('file:')) return path;
  if (path.startsWith('.') || path.startsWith('/')) return pathToFileURL(resolve(path)).href;
  try {
    const found = createRequire(join(process.cwd(), 'package.json')).resolve(path);
    return pathToFileURL(found).href;
  } catch (error) {
    throw new UsageError(`connect: the worker '${path}' is neither a path that begins with ./ nor a package`, {
      cause: error,
    });
  }
}
