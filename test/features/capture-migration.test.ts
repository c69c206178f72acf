import { expect } from 'chai';
import createKnex, { type Knex } from 'knex';
import { afterEach, beforeEach, describe, it } from 'mocha';
import pg from 'pg';
import {
  captureMigration,
  CachedModel,
  Column,
  connect,
  ManyToMany,
  PrimaryKey,
  Table,
  type RelatedSet,
} from '../../src/index.js';
import { freshDatabase } from '../setup/fresh.js';
import { shelfModels } from '../support/captured-models.js';
import { rejection } from '../support/rejection.js';

const migration = captureMigration({ models: shelfModels });

@Table('captured_events', { label: 'captured.Event' })
class Event extends CachedModel {
  @PrimaryKey() declare id: number;
  @Column({ type: 'string', index: true }) declare kind: string;
}

@Table('captured_releases', { label: 'captured.OlderRelease' })
class OlderRelease extends CachedModel {
  @PrimaryKey() declare id: number;
  @Column({ type: 'string', index: true }) declare code: string;
}

@Table('captured_releases', { label: 'captured.NewerRelease' })
class NewerRelease extends CachedModel {
  @PrimaryKey() declare id: number;
  @Column({ type: 'string', index: true }) declare title: string;
}

@Table('captured_labels', { label: 'captured.Label' })
class Label extends CachedModel {
  @PrimaryKey() declare id: number;
  @ManyToMany(() => Event, { relatedName: 'labels' }) declare readonly events: RelatedSet<Event>;
}

describe('the migration for change capture', () => {
  let url: string;
  let knex: Knex;
  let admin: pg.Client;

  beforeEach(async () => {
    url = await freshDatabase('postgres');
    const db = await connect({ database: url, enabled: false });
    await db.createTables(shelfModels);
    await db.close();
    knex = knexFor(url);
    admin = new pg.Client(url);
    await admin.connect();
  });

  afterEach(async () => {
    await knex.destroy();
    await admin.end();
  });

  it('makes everything once, and nothing the second time', async () => {
    expect((await migration.status(knex)).obstacle).to.equal(
      "the schema 'moneyclip_capture' is not there; run: npx moneyclip migrate",
    );
    const planned = await migration.plan(knex, 'up');
    expect(await objects(admin)).to.deep.equal([]);
    expect(await migration.up(knex)).to.deep.equal(planned);
    expect(await migration.status(knex)).to.deep.equal({
      obstacle: undefined,
      tables: [
        { table: 'captured_books', captured: true, reason: undefined },
        { table: 'captured_shelves', captured: true, reason: undefined },
      ],
    });
    expect((await migration.up(knex)).statements).to.deep.equal([]);
  });

  it('takes the link tables of models along', async () => {
    const db = await connect({ database: url, enabled: false });
    await db.createTables([Event, Label]);
    await db.close();
    const ofLabels = captureMigration({ models: [Label] });
    await ofLabels.up(knex);
    const tables = ['captured_labels', 'captured_labels_events'].map((table) => ({
      table,
      captured: true,
      reason: undefined,
    }));
    expect((await ofLabels.status(knex)).tables).to.deep.equal(tables);
  });

  it('takes everything away again, and nothing else', async () => {
    await migration.up(knex);
    await migration.down(knex);
    expect(await objects(admin)).to.deep.equal([]);
    expect((await migration.down(knex)).statements).to.deep.equal([]);
    await migration.up(knex);
    await admin.query('CREATE TABLE moneyclip_capture.own (id int)');
    await migration.down(knex);
    expect(await objects(admin)).to.deep.equal(['moneyclip_capture.own']);
  });

  it('leaves nothing where it is interrupted', async () => {
    await admin.query(`CREATE FUNCTION public.refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
      IF (SELECT count(*) FROM pg_trigger WHERE tgname = 'moneyclip_capture_update') = 2 THEN RAISE 'stop here'; END IF; END $$`);
    await admin.query(
      "CREATE EVENT TRIGGER refuse ON ddl_command_end WHEN TAG IN ('CREATE TRIGGER') EXECUTE FUNCTION public.refuse()",
    );
    expect(await messageOf(migration.up(knex))).to.contain('stop here');
    expect(await objects(admin)).to.deep.equal([]);
  });

  it('runs one at a time, wherever it is started', async () => {
    const others = [knexFor(url), knexFor(url)];
    try {
      const plans = await Promise.all([knex, ...others].map((each) => migration.up(each)));
      expect(plans.filter(({ statements }) => statements.length > 0).length).to.equal(1);
    } finally {
      await Promise.all(others.map((each) => each.destroy()));
    }
  });

  it('is a migration of knex', async () => {
    const source: Knex.MigrationSource<string> = {
      getMigrations: async () => ['capture'],
      getMigrationName: (name) => name,
      getMigration: async () => ({ up: async (trx) => void (await migration.up(trx)), down: migration.down }),
    };
    await knex.migrate.latest({ migrationSource: source });
    expect((await migration.status(knex)).tables.every(({ captured }) => captured)).to.equal(true);
    await knex.migrate.rollback({ migrationSource: source });
    expect((await objects(admin)).filter((name) => name.startsWith('moneyclip'))).to.deep.equal([]);
  });

  it('goes on to record what an older release needs', async () => {
    const older = captureMigration({ models: [OlderRelease] });
    const newer = captureMigration({ models: [NewerRelease] });
    await admin.query('CREATE TABLE captured_releases (id int, code text, title text)');
    await older.up(knex);
    expect((await newer.status(knex)).tables).to.deep.equal([
      {
        table: 'captured_releases',
        captured: false,
        reason: "the triggers do not record the column 'title'; run: npx moneyclip migrate",
      },
    ]);
    await newer.up(knex);
    for (const each of [older, newer]) {
      expect((await each.status(knex)).tables.every(({ captured }) => captured)).to.equal(true);
    }
    await admin.query('ALTER TABLE captured_releases DROP COLUMN code');
    await newer.up(knex);
    expect(await messageOf(older.up(knex))).to.equal(
      "migrate: the table public.captured_releases has no column 'code', which captured.OlderRelease declares. " +
        'Change the table first, then run this.',
    );
  });

  it('does not make writes fail where a column is dropped or renamed later', async () => {
    await migration.up(knex);
    await admin.query("INSERT INTO captured_shelves VALUES (1, 'a')");
    await admin.query('ALTER TABLE captured_books DROP COLUMN code');
    await admin.query('ALTER TABLE captured_books RENAME COLUMN id TO number');
    await admin.query("INSERT INTO captured_books (number, title, shelf_id) VALUES (1, 'first', 1)");
    await admin.query("UPDATE captured_books SET title = 'new'");
    await admin.query('DELETE FROM captured_books');
    const { rows } = await admin.query('SELECT rows FROM moneyclip_capture.outbox ORDER BY id');
    expect(rows.length).to.equal(4);
  });

  for (const [what, ...statements] of [
    ['a view, whose rows change with other tables', 'CREATE VIEW captured_events AS SELECT 1 AS id, 2 AS kind'],
    [
      'a materialized view, which is refreshed without a trigger',
      "CREATE MATERIALIZED VIEW captured_events AS SELECT 1 AS id, 'a'::text AS kind",
    ],
    [
      'an unlogged table, which PostgreSQL empties after a crash without a trigger',
      'CREATE UNLOGGED TABLE captured_events (id int, kind text)',
    ],
  ] as const) {
    it(`says that it does not capture ${what.slice(0, what.indexOf(','))}`, async () => {
      for (const statement of statements) await admin.query(statement);
      const { skipped } = await captureMigration({ models: [Event] }).up(knex);
      expect(skipped).to.deep.equal([{ table: 'captured_events', reason: `public.captured_events is ${what}` }]);
    });
  }

  it('says that it does not capture temporary and foreign tables, and such that are not there', async () => {
    const events = captureMigration({ models: [Event] });
    const reason = async (): Promise<string | undefined> => (await events.plan(knex, 'up')).skipped[0]?.reason;
    expect(await reason()).to.equal('there is no such table');
    await knex.raw('CREATE TEMPORARY TABLE captured_events (id int, kind text)');
    expect(await reason()).to.match(
      /^pg_temp_\d+\.captured_events is a temporary table, which each session has for itself$/,
    );
    await knex.raw('DROP TABLE captured_events');
    await admin.query('CREATE FOREIGN DATA WRAPPER nowhere; CREATE SERVER nowhere FOREIGN DATA WRAPPER nowhere');
    await admin.query('CREATE FOREIGN TABLE captured_events (id int, kind text) SERVER nowhere');
    expect(await reason()).to.equal('public.captured_events is a foreign table, whose rows change elsewhere');
  });

  it('captures partitions and children, also those that come later', async () => {
    const events = captureMigration({ models: [Event] });
    await admin.query('CREATE TABLE captured_events (id int, kind text) PARTITION BY RANGE (id)');
    await admin.query('CREATE TABLE events_1 PARTITION OF captured_events FOR VALUES FROM (0) TO (10)');
    await events.up(knex);
    await admin.query('CREATE TABLE events_2 PARTITION OF captured_events FOR VALUES FROM (10) TO (20)');
    expect((await events.status(knex)).tables[0]?.reason).to.equal(
      'public.events_2 has no trigger moneyclip_capture_insert; run: npx moneyclip migrate',
    );
    const { statements } = await events.up(knex);
    expect(statements.some((statement) => statement.includes('events_1'))).to.equal(false);
    expect((await events.status(knex)).tables[0]?.captured).to.equal(true);
    await admin.query("INSERT INTO captured_events VALUES (1, 'a'), (11, 'b'); INSERT INTO events_2 VALUES (12, 'c')");
    const { rows } = await admin.query<{ source: string; rows: string }>(
      'SELECT source, rows FROM moneyclip_capture.outbox',
    );
    expect(rows.map(({ source, rows: changed }) => [source, JSON.parse(changed) as unknown])).to.deep.equal([
      [
        'public.captured_events',
        [
          [null, ['1', 'a'], true],
          [null, ['11', 'b'], true],
        ],
      ],
      ['public.captured_events', [[null, ['12', 'c'], true]]],
    ]);
  });

  it('says which rights are missing', async () => {
    const role = `clerk_${url.slice(url.lastIndexOf('_') + 1)}`;
    await admin.query(`CREATE ROLE ${role} LOGIN; GRANT ALL ON ALL TABLES IN SCHEMA public TO ${role}`);
    const clerk = knexFor(withUser(url, role));
    const database = new URL(url).pathname.slice(1);
    try {
      expect(await messageOf(migration.up(clerk))).to.equal(
        `migrate: the user ${role} may not create what is needed in the schema 'moneyclip_capture'. ` +
          `Run it as the owner of the schema, or first: GRANT CREATE ON DATABASE "${database}" TO "${role}";`,
      );
      await admin.query(`GRANT CREATE ON DATABASE "${database}" TO ${role}`);
      expect(await messageOf(migration.up(clerk))).to.equal(
        `migrate: the user ${role} may not create triggers on public.captured_books that always fire, which takes its owner, moneyclip. ` +
          `Run it as moneyclip, or first: GRANT "moneyclip" TO "${role}";`,
      );
      await migration.up(knex);
      expect((await migration.status(clerk)).obstacle).to.equal(
        `the user ${role} may not read the outbox; run as its owner: GRANT USAGE ON SCHEMA moneyclip_capture TO "${role}"; ` +
          `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA moneyclip_capture TO "${role}";`,
      );
      await clerk('captured_shelves').insert({ id: 5, name: 'by one who may not read the outbox' });
      await admin.query(`GRANT USAGE ON SCHEMA moneyclip_capture TO "${role}"`);
      await admin.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA moneyclip_capture TO "${role}"`);
      const db = await connect({ database: withUser(url, role), capture: true });
      expect((await db.capture.status()).silence).to.equal(undefined);
      await db.close();
    } finally {
      await clerk.destroy();
      await admin.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
    }
  });

  it('refuses names that it cannot use', async () => {
    expect(await messageOf(captureMigration({ models: shelfModels, schema: 'moneyclip' }).up(knex))).to.equal(
      "migrate: the schema 'moneyclip' has the name of the user, so that PostgreSQL would look for tables there first; use another one",
    );
    expect(() => captureMigration({ schema: 'My Schema' })).to.throw(
      "captureMigration: schema is no name for a schema; use at most 40 of a-z, 0-9 and _, such as 'moneyclip_capture'",
    );
  });
});

async function messageOf(promise: Promise<unknown>): Promise<string> {
  return (await rejection(promise, Error)).message;
}

function knexFor(url: string): Knex {
  return createKnex({ client: 'pg', connection: url, pool: { min: 0, max: 1 } });
}

function withUser(url: string, user: string): string {
  const changed = new URL(url);
  changed.username = user;
  return changed.href;
}

/** Everything that the migration might leave behind. */
async function objects(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(`
    SELECT nspname || '.' || relname AS name FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
      WHERE nspname = 'moneyclip_capture' AND relkind = 'r'
    UNION SELECT 'moneyclip_capture.' || proname FROM pg_proc JOIN pg_namespace ON pg_namespace.oid = pronamespace WHERE nspname = 'moneyclip_capture'
    UNION SELECT tgname FROM pg_trigger WHERE tgname LIKE 'moneyclip%'
    ORDER BY name`);
  return rows.map(({ name }) => name);
}
