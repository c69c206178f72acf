import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { connect, UsageError } from '../../src/index.js';
import { rejection } from '../support/rejection.js';

const run = promisify(execFile);
const database = 'sqlite::memory:';

async function connectWith(workers: unknown): Promise<void> {
  const db = await connect({ database, workers: workers as string[] });
  await db.close();
}

describe('modules that connect() is told of', () => {
  // NOTE: in a process of its own, since mocha loads this library in another way than an import in it would
  it('are imported, once however often they are named, and what they declare is found by its label', async () => {
    const { stdout } = await run(process.execPath, ['--import', 'tsx', 'test/features/fixtures/main.ts']);
    expect(stdout).to.equal('price of 5\n6\nprice of 7');
  }).timeout(60_000);

  it('are refused where there is none, where one declares nothing, and where one throws', async () => {
    const missing = await rejection(connectWith(['./no-such-worker.js']), UsageError);
    expect(missing.message).to.match(/^connect: the worker '\.\/no-such-worker\.js' cannot be imported: /);
    await rejection(
      connectWith(['no-such-package']),
      UsageError,
      "connect: the worker 'no-such-package' is neither a path that begins with ./ nor a package",
    );
    await rejection(
      connectWith(['./test/features/fixtures/nothing.ts']),
      UsageError,
      "connect: the worker './test/features/fixtures/nothing.ts' declares nothing: call cached(label, function) or write @Node(label) in it",
    );
    await rejection(
      connectWith(['./test/features/fixtures/broken.ts']),
      UsageError,
      "connect: the worker './test/features/fixtures/broken.ts' cannot be imported: broken",
    );
  });

  it('are refused where they are no list of texts, and nothing stays open', async () => {
    const message = "connect: workers must be a list of paths of modules, such as ['./workers.js']";
    for (const workers of ['./workers.js', [5], [''], {}]) await rejection(connectWith(workers), UsageError, message);
    await connectWith([]);
  });
});
