import { expect } from 'chai';
import type { DatabaseConnection } from '../../../src/database/database-connection.js';
import { clientOf } from '../../../src/database/knex-client.js';
import { openDatabase } from '../../../src/database/open-database.js';
import type { StatementResult } from '../../../src/database/statement.js';
import { sharedPostgresUrl } from '../../setup/shared-servers.js';
import { failure } from './books.js';
import { read } from './statements.js';

/** As much of pg's client as tells what is written to the server. */
interface Client {
  connection: { describe(what: unknown): void; parse(what: unknown): void; stream: { write(what: unknown): boolean } };
  setTypeParser(oid: number, parse: (text: string) => unknown): void;
}

const oneOfEach = 'SELECT $1::int, $2::text, $3::boolean, $4::bytea, $5::text[], $6::int[], $7::bigint, NULL';
const values = [-7, `it's "quoted" \\ {}`, true, Buffer.from([0, 255]), ['a"b\\c', null, ''], [1, null], 2n ** 60n];

describe('prepared statements of PostgreSQL', () => {
  let db: DatabaseConnection;
  const sent: string[] = [];
  let written = 0;

  before(async () => {
    const connection = await sharedPostgresUrl();
    const afterCreate = (client: Client, done: (error: undefined, client: Client) => void): void => {
      for (const name of ['parse', 'describe'] as const) {
        const send = client.connection[name].bind(client.connection);
        client.connection[name] = (what) => {
          sent.push(name);
          send(what);
        };
      }
      const { stream } = client.connection;
      const write = stream.write.bind(stream);
      stream.write = (what) => {
        written += 1;
        return write(what);
      };
      done(undefined, client);
    };
    db = await openDatabase({ client: 'pg', connection, pool: { max: 1, afterCreate } });
    await db.run(read('CREATE TEMPORARY TABLE things (id int PRIMARY KEY, name text)'));
  });

  after(() => db.close());
  beforeEach(() => void sent.splice(0));

  const prepared = (text: string, ...parameters: unknown[]): Promise<StatementResult> =>
    db.run({ text, parameters, prepare: true, writes: !text.startsWith('SELECT') });

  it('are parsed and described once for each connection', async () => {
    const text = 'SELECT $1::int AS once';
    for (const value of [1, 2, 3]) expect((await prepared(text, value)).rows).to.deep.equal([[value]]);
    expect(sent).to.deep.equal(['parse', 'describe']);
  });

  it('leave in one piece once they are known', async () => {
    const text = 'SELECT $1::text AS piece';
    await prepared(text, 'a');
    written = 0;
    expect((await prepared(text, 'é')).rows).to.deep.equal([['é']]);
    expect(written).to.equal(1);
  });

  it('take and give the same as statements that are not prepared', async () => {
    const plain = await db.run({ text: oneOfEach, parameters: values });
    expect(await prepared(oneOfEach, ...values)).to.deep.equal(plain);
    expect(await prepared(oneOfEach, ...values)).to.deep.equal(plain);
    expect(plain.rows[0]?.slice(0, 3)).to.deep.equal(values.slice(0, 3));
  });

  it('leave parameters to pg that only pg can write', async () => {
    const text = 'SELECT $1::jsonb';
    expect((await prepared(text, { a: [1] })).rows).to.deep.equal([[{ a: [1] }]]);
  });

  it('count what they change, with rows and without', async () => {
    const insert = 'INSERT INTO things VALUES ($1, $2)';
    expect(await prepared(insert, 1, 'a')).to.deep.equal({ rows: [], changes: 1 });
    expect(await prepared(insert, 2, null)).to.deep.equal({ rows: [], changes: 1 });
    const update = 'UPDATE things SET name = $1 RETURNING id';
    expect((await prepared(update, 'b')).changes).to.equal(2);
    expect((await prepared('DELETE FROM things WHERE id = $1', 3)).changes).to.equal(0);
    expect((await prepared('SELECT id FROM things WHERE id > $1', 0)).changes).to.equal(0);
  });

  it('can be used again after an error, and after their table was altered', async () => {
    const text = 'SELECT * FROM things WHERE id = 10 / $1::int';
    expect((await prepared(text, 5)).rows).to.deep.equal([[2, 'b']]);
    expect((await failure(prepared(text, 0))).message).to.match(/division|refused a value/);
    expect((await prepared(text, 10)).rows).to.deep.equal([[1, 'b']]);
    await db.run(read('ALTER TABLE things ADD COLUMN size int DEFAULT 3'));
    expect((await prepared(text, 10)).rows).to.deep.equal([[1, 'b', 3]]);
    expect((await prepared(text, 10)).rows).to.deep.equal([[1, 'b', 3]]);
  });

  it('use the parsers that the application gave to pg, and tell where one throws', async () => {
    const client = clientOf(db.knex);
    const connection = (await client.acquireConnection()) as Client; // pg's
    await client.releaseConnection(connection);
    const text = 'SELECT 5::int2 AS small';
    expect((await prepared(text)).rows).to.deep.equal([[5]]);
    connection.setTypeParser(21, (value) => `parsed ${value}`);
    expect((await prepared(text)).rows).to.deep.equal([['parsed 5']]);
    connection.setTypeParser(21, () => {
      throw new TypeError('not this one');
    });
    expect((await failure(prepared(text))).message).to.equal('SELECT failed: not this one.');
    connection.setTypeParser(21, Number);
    expect((await prepared(text)).rows).to.deep.equal([[5]]);
  });

  it('are not prepared where they are switched off', async () => {
    const plain = await openDatabase(await sharedPostgresUrl(), { preparedStatements: false });
    const names = 'SELECT count(*)::int FROM pg_prepared_statements';
    for (const one of [plain, db]) {
      await one.run({ text: 'SELECT 1 + $1::int', parameters: [1], prepare: true });
    }
    expect((await plain.run(read(names))).rows).to.deep.equal([[0]]);
    expect((await db.run(read(names))).rows[0]?.[0]).to.be.greaterThan(0);
    await plain.close();
  });
});
