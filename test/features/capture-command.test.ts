import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { connect } from '../../src/index.js';
import { runCommand } from '../../src/cli/run-command.js';
import { root } from '../architecture/source-files.js';
import { uncapturedDatabase } from '../support/captured.js';
import { shelfModels } from '../support/captured-models.js';

const models = join(root, 'test/support/captured-models.ts');

describe('the command moneyclip', () => {
  let folder: string;
  let url: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'moneyclip-command-'));
    url = await uncapturedDatabase(shelfModels);
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const run = async (args: string, environment: Record<string, string> = {}) => {
    const written: string[] = [];
    const write = (text: string): void => void written.push(text);
    const isOk = await runCommand(args.split(' '), { environment, folder, write, complain: write });
    return { isOk, text: written.join('\n') };
  };
  const onShelves = ({ isOk, text }: { isOk: boolean; text: string }) => {
    const lines = text.split('\n').filter((line) => /captured_(books|shelves)/.test(line));
    return { isOk, lines };
  };

  it('makes the triggers, tells of them, and takes them away', async () => {
    const before = await run(`migrate status --models ${models} --connection ${url}`);
    expect(onShelves(before)).to.deep.equal({
      isOk: false,
      lines: ['captured_books', 'captured_shelves'].map(
        (table) => `not captured  ${table}: the schema 'moneyclip_capture' is not there; run: npx moneyclip migrate`,
      ),
    });
    expect(await run(`migrate --models ${models}`, { DATABASE_URL: url })).to.have.property('isOk', true);
    const after = onShelves(await run(`migrate status --models ${models} --connection ${url}`));
    expect(after.lines).to.deep.equal(['captured      captured_books', 'captured      captured_shelves']);
    expect((await run(`migrate up --models ${models} --connection ${url}`)).text).to.contain('Nothing to do.');
    expect((await run(`migrate down --connection ${url}`)).text).to.match(
      /^Done: \d+ statements in one transaction\.$/,
    );
  });

  it('does the same for a SQLite file', async () => {
    const file = join(folder, 'shop.db');
    const db = await connect({ database: `sqlite:${file}`, enabled: false });
    await db.createTables(shelfModels);
    await db.close();
    const given = `--models ${models} --connection sqlite:${file}`;
    const before = onShelves(await run(`migrate status ${given}`));
    expect(before).to.deep.equal({
      isOk: false,
      lines: ['captured_books', 'captured_shelves'].map(
        (table) =>
          `not captured  ${table}: the table 'moneyclip_capture_outbox' is not there; run: npx moneyclip migrate`,
      ),
    });
    const dry = await run(`migrate --dry-run ${given}`);
    expect(dry.text).to.contain('CREATE TRIGGER "moneyclip_capture_update_captured_books" AFTER UPDATE ON');
    expect((await run(`migrate ${given}`)).text).to.contain('Done: 13 statements in one transaction.');
    const after = onShelves(await run(`migrate status ${given}`));
    expect(after.lines).to.deep.equal(['captured      captured_books', 'captured      captured_shelves']);
    expect((await run(`migrate up ${given}`)).text).to.contain('Nothing to do.');
    expect((await run(`migrate down --connection sqlite:${file}`)).text).to.equal(
      'Done: 12 statements in one transaction.',
    );
    expect((await run(`migrate down --connection sqlite:${file}`)).text).to.equal('Nothing to do.');
  });

  it('prints the SQL and changes nothing with --dry-run', async () => {
    const { isOk, text } = await run(`migrate --dry-run --models ${models} --connection ${url}`);
    expect(isOk).to.equal(true);
    expect(text).to.match(/^BEGIN;\nCREATE SCHEMA IF NOT EXISTS "moneyclip_capture";/);
    expect(text).to.contain('CREATE TRIGGER "moneyclip_capture_update" AFTER UPDATE ON public.captured_books');
    expect((await run(`migrate down --dry-run --connection ${url}`)).text).to.equal('-- Nothing to do.');
  });

  it('takes its settings from a config file', async () => {
    const config = { database: url, models: [models], schema: 'own_schema' };
    writeFileSync(join(folder, 'moneyclip.config.mjs'), `export default ${JSON.stringify(config)};`);
    expect((await run('migrate --dry-run')).text).to.contain('CREATE SCHEMA IF NOT EXISTS "own_schema"');
    writeFileSync(join(folder, 'moneyclip.config.mjs.other.mjs'), 'export default { datebase: 1 };');
    const { isOk, text } = await run('migrate --config moneyclip.config.mjs.other.mjs');
    expect([isOk, text]).to.deep.equal([
      false,
      `${join(folder, 'moneyclip.config.mjs.other.mjs')}: unknown option 'datebase'; did you mean 'database'?`,
    ]);
  });

  for (const [args, message] of [
    ['status', "The command 'status' is unknown; use migrate."],
    ['migrate sideways', "migrate: 'sideways' is unknown; use up, down or status."],
    ['migrate up now', "migrate up takes no further words; got 'now'."],
    ['migrate --model x', "The option '--model' is unknown; did you mean '--models'?"],
    [
      'migrate --models x.js',
      (place: string) => `There is no file ${join(place, 'x.js')}; paths are taken from ${place}.`,
    ],
    ['migrate', 'migrate: which database? Give --connection postgres://…, DATABASE_URL, or database in the config.'],
    [
      'migrate --connection postgres://nobody@127.0.0.1:1/none',
      'migrate: which models? Give --models ./models.js, or models in moneyclip.config.js.',
    ],
    [
      `migrate --connection sqlite::memory: --models ${models} --schema Mine`,
      "captureMigration: schema is no name for a schema; use at most 40 of a-z, 0-9 and _, such as 'moneyclip_capture'",
    ],
  ] as const) {
    it(`says what is wrong with: ${args.replace(models, 'models.ts')}`, async () => {
      const { isOk, text } = await run(args);
      expect(isOk).to.equal(false);
      expect(text).to.equal(typeof message === 'string' ? message : message(folder));
    });
  }

  it('says why a module could not be loaded', async () => {
    const file = join(folder, 'broken.mjs');
    writeFileSync(file, "throw new Error('no such setting')");
    expect((await run(`migrate --models broken.mjs --connection ${url}`)).text).to.equal(
      `${file} could not be loaded: no such setting`,
    );
  });

  it('prints how it is used', async () => {
    expect((await run('--help')).text).to.match(/^Usage: moneyclip migrate \[up\|down\|status\] \[options\]\n/);
  });
});
