import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { UsageError } from '../errors.js';
import type { ConnectOptions } from '../index.js';
import { nearest } from '../support/nearest.js';

/** What a `moneyclip.config` file exports, as its default export. */
export interface Config {
  readonly database?: ConnectOptions['database'];
  /** Modules that declare the models; paths from the file's folder. */
  readonly models?: readonly string[];
  readonly name?: string;
  readonly schema?: string;
  readonly naming?: ConnectOptions['naming'];
}

const fileNames = ['moneyclip.config.js', 'moneyclip.config.mjs', 'moneyclip.config.ts'];
const optionNames = ['database', 'models', 'name', 'schema', 'naming'];

/** The config file that is named, or that lies in the folder; empty where there is none. Throws UsageError. */
export async function loadConfig(folder: string, path: string | undefined): Promise<Config> {
  const file =
    path === undefined ? fileNames.map((name) => join(folder, name)).find(existsSync) : resolve(folder, path);
  if (file === undefined) return {};
  const exported = await importModule(file, folder);
  const config: unknown = 'default' in exported ? exported['default'] : exported;
  if (typeof config !== 'object' || config === null) {
    throw new UsageError(`${file} must export an object: export default { database, models }.`);
  }
  const unknown = Object.keys(config).find((name) => !optionNames.includes(name));
  if (unknown !== undefined) {
    const meant = nearest(unknown, optionNames);
    throw new UsageError(
      `${file}: unknown option '${unknown}'; ${meant ? `did you mean '${meant}'?` : `use ${optionNames.join(', ')}`}`,
    );
  }
  return config; // its options are checked where they are used
}

/** Loads modules for the models that they declare. */
export async function loadModels(paths: readonly string[], folder: string): Promise<void> {
  for (const path of paths) await importModule(resolve(folder, path), folder);
}

async function importModule(file: string, folder: string): Promise<Record<string, unknown>> {
  if (!existsSync(file)) throw new UsageError(`There is no file ${file}; paths are taken from ${folder}.`);
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>; // every module is an object
  } catch (error) {
    throw new UsageError(`${file} could not be loaded: ${reasonOf(error, file)}`, { cause: error });
  }
}

function reasonOf(error: unknown, file: string): string {
  const message = error instanceof Error ? error.message : String(error);
  const needsLoader = /\.[cm]?tsx?$/.test(file) && (error instanceof SyntaxError || isUnknownExtension(error));
  return needsLoader
    ? `Node does not run this TypeScript by itself. Run: node --import tsx node_modules/moneyclip/dist/cli/main.js migrate …, or name the compiled module.`
    : message;
}

function isUnknownExtension(error: unknown): boolean {
  return error instanceof Error && Reflect.get(error, 'code') === 'ERR_UNKNOWN_FILE_EXTENSION';
}
