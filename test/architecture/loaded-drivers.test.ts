import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { drivers } from './layers.js';
import { root } from './source-files.js';

const FIXTURE = join(root, 'test/architecture/fixtures/loaded-drivers.ts');

/** Runs in a process of its own, where nothing else has loaded anything. */
async function driversLoadedBy(specifier: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', FIXTURE, specifier], {
    cwd: root,
  });
  return JSON.parse(stdout) as string[]; // what the fixture prints
}

describe('importing the package', () => {
  for (const entry of ['src/index.ts', 'src/testing/index.ts']) {
    it(`loads no driver by ${entry}`, async () => {
      expect(await driversLoadedBy(pathToFileURL(join(root, entry)).href)).to.deep.equal([]);
    });
  }

  for (const driver of Object.keys(drivers)) {
    it(`would be noticed to load ${driver}`, async () => {
      expect(await driversLoadedBy(driver)).not.to.deep.equal([]);
    });
  }
});
