import { expect } from 'chai';
import { InvalidValue, type ColumnType } from '../../../src/schema/column-type.js';
import type { ColumnTypeDeclaration } from '../../../src/schema/resolve-column-type.js';
import { createProbe, decode, selectOf, typeOf } from './probe-table.js';
import { postgres, sqlite, unusual, type RawConnection } from './raw-connection.js';
import { MAX64, utc } from './sample-values.js';

/** What one SQL expression or stored value is read as; `store` is SQL for the value, in a column of type `sqlType`. */
async function readForeign(
  connection: RawConnection,
  type: ColumnType,
  [sqlType, store]: [string, string],
): Promise<unknown> {
  await createProbe(connection, sqlType);
  await connection.run(`insert into probe values (1, ${store})`);
  const [row] = await connection.run(`select ${selectOf(type, connection.dialect)} from probe`);
  return decode(type, row?.[0] === null ? null : type.fromDatabase(row?.[0], connection.dialect));
}

async function refusalOf(reading: Promise<unknown>): Promise<string> {
  try {
    await reading;
  } catch (error) {
    expect(error).to.be.instanceOf(InvalidValue);
    return (error as InvalidValue).message; // asserted above
  }
  return expect.fail('nothing was refused');
}

describe('column types over tables of others', () => {
  let lite: RawConnection;
  let post: RawConnection;
  before(async () => {
    lite = sqlite(':memory:');
    post = await postgres(unusual);
  });
  after(async () => {
    await lite.close();
    await post.close();
  });

  it('read what other programs wrote to SQLite', async () => {
    const cases: [ColumnTypeDeclaration, [string, string], unknown][] = [
      [{ type: 'decimal' }, ['numeric', '9007199254740993'], '9007199254740993'],
      [{ type: 'decimal' }, ['numeric', '1.50'], '1.5'],
      [{ type: 'decimal', precision: 10, scale: 2 }, ['real', '7'], '7.00'],
      [{ type: 'bigint' }, ['numeric', '9223372036854775807'], MAX64],
      [{ type: 'datetime' }, ['datetime', "'2024-05-06 07:08:09'"], utc('2024-05-06T07:08:09Z')],
      [{ type: 'datetime' }, ['datetime', '1714979289000'], utc('2024-05-06T07:08:09Z')],
      [{ type: 'datetime' }, ['text', "datetime('2024-05-06 07:08:09')"], utc('2024-05-06T07:08:09Z')],
      [{ type: 'date' }, ['date', "'2024-05-06 00:00:00.000'"], '2024-05-06'],
      [{ type: 'json' }, ['json', "json_object('b', 1, 'a', json_array(1, null))"], { a: [1, null], b: 1 }],
      [{ type: 'json' }, ['json', "'null'"], null],
      [{ type: 'array', of: 'integer' }, ['json', "'[ 1, null ]'"], [1, null]],
      [{ type: 'boolean' }, ['boolean', 'true'], true],
      [{ type: 'float' }, ['integer', '7'], 7],
    ];
    for (const [declaration, stored, value] of cases) {
      expect(await readForeign(lite, typeOf(declaration), stored), stored.join(' ')).to.deep.equal(value);
    }
  });

  it('read what other programs wrote to PostgreSQL', async () => {
    const cases: [ColumnTypeDeclaration, [string, string], unknown][] = [
      [{ type: 'datetime' }, ['timestamptz', "'2024-05-06 07:08:09.123999+00'"], utc('2024-05-06T07:08:09.123Z')],
      [{ type: 'datetime' }, ['timestamptz', "'1969-12-31 23:59:59.999999+00'"], utc('1969-12-31T23:59:59.999Z')],
      [{ type: 'datetime' }, ['timestamp', "timestamp '2024-05-06 07:08:09'"], utc('2024-05-06T07:08:09Z')],
      [{ type: 'integer' }, ['bigint', '5000000000'], 5_000_000_000],
      [{ type: 'bigint' }, ['integer', '7'], 7n],
      [{ type: 'decimal' }, ['numeric', '1.500'], '1.5'],
      [{ type: 'decimal' }, ['numeric', "'NaN'"], 'NaN'],
      [{ type: 'float' }, ['real', '0.5'], 0.5],
      [{ type: 'json' }, ['json', `'{"b": 1, "a": 2}'`], { a: 2, b: 1 }],
      [{ type: 'json' }, ['jsonb', "'null'"], null],
      [{ type: 'enum', values: ['a'] }, ['varchar', "'b'"], 'b'],
      [{ type: 'array', of: 'integer' }, ['integer[]', "'[5:6]={1,2}'"], [1, 2]],
      [{ type: 'array', of: 'datetime' }, ['timestamptz[]', 'null'], null],
    ];
    for (const [declaration, stored, value] of cases) {
      expect(await readForeign(post, typeOf(declaration), stored), stored.join(' ')).to.deep.equal(value);
    }
  });

  it('refuse what they cannot say', async () => {
    const cases: [RawConnection, ColumnTypeDeclaration, [string, string], string][] = [
      [
        post,
        { type: 'datetime' },
        ['timestamptz', "'infinity'"],
        'a finite timestamp (infinity is no Date), the database gave text',
      ],
      [
        post,
        { type: 'date' },
        ['date', "'-infinity'"],
        "'YYYY-MM-DD' from 0001-01-01 to 9999-12-31, the database gave text",
      ],
      [
        post,
        { type: 'date' },
        ['date', 'make_date(-44, 3, 15)'],
        "'YYYY-MM-DD' from 0001-01-01 to 9999-12-31, the database gave text",
      ],
      [post, { type: 'time' }, ['timetz', "'07:08:09+02'"], "'HH:MM:SS' without a time zone, the database gave text"],
      [post, { type: 'array', of: 'integer' }, ['integer[]', "'{{1,2}}'"], 'exactly, the database gave an array'],
      [
        post,
        { type: 'array', of: 'date' },
        ['date[]', "array[array['2024-01-01'::date]]"],
        'the database gave an array',
      ],
      [lite, { type: 'integer' }, ['integer', '9007199254740993'], 'holds exactly, the database gave a number'],
      [lite, { type: 'bigint' }, ['real', '1e300'], 'a whole number, the database gave text'],
      [
        lite,
        { type: 'uuid' },
        ['text', "'0F0E4A2A-1111-4222-8333-123456789ABC'"],
        'a UUID in lower case, the database gave text',
      ],
      [lite, { type: 'string' }, ['blob', "x'00'"], 'text, the database gave a Buffer'],
    ];
    for (const [connection, declaration, stored, problem] of cases) {
      expect(await refusalOf(readForeign(connection, typeOf(declaration), stored)), stored.join(' ')).to.include(
        problem,
      );
    }
  });
});
