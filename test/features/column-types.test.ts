import { expect } from 'chai';
import fc from 'fast-check';
import type { ColumnTypeDeclaration } from '../../src/schema/resolve-column-type.js';
import { createProbe, decode, parameterOf, throughDatabase, titleOf, typeOf } from './column-types/probe-table.js';
import { connections, type RawConnection } from './column-types/raw-connection.js';
import { kinds, MAX, MAX64, MIN, MIN64, utc } from './column-types/sample-values.js';

for (const [name, open] of connections) {
  describe(`column types on ${name}`, () => {
    let connection: RawConnection;
    before(async () => {
      connection = await open();
    });
    after(() => connection.close());

    for (const { declaration, edges, any } of kinds) {
      const type = typeOf(declaration);

      it(`keep ${titleOf(declaration)} values at the edges, and null`, async () => {
        await createProbe(connection, type.sqlType(connection.dialect));
        const cells = [...edges.map((value) => type.encode(value)), null];
        const back = await throughDatabase(connection, type, cells);
        expect(back).to.deep.equal(cells);
        expect(back.map((cell) => decode(type, cell))).to.deep.equal([...edges, null]);
      });

      it(`keep any ${titleOf(declaration)} value`, async () => {
        await createProbe(connection, type.sqlType(connection.dialect));
        const property = fc.asyncProperty(fc.array(any, { maxLength: 20 }), async (values) => {
          const cells = values.map((value) => type.encode(value));
          expect(await throughDatabase(connection, type, cells)).to.deep.equal(cells);
        });
        await fc.assert(property, { numRuns: 10 });
      });

      it(`find ${titleOf(declaration)} values by equality`, async () => {
        await createProbe(connection, type.sqlType(connection.dialect));
        const cells = edges.map((value) => type.encode(value));
        await throughDatabase(connection, type, cells);
        const find = `select id from probe where "value" = ${parameterOf(connection.dialect, 1)}`;
        for (const [id, cell] of cells.entries()) {
          const rows = await connection.run(find, [type.toDatabase(cell, connection.dialect)]);
          expect(rows.map(([found]) => Number(found))).to.deep.equal([id]);
        }
      });
    }
  });
}

/** The ids of rows in the order in which the column type orders them. */
async function idsInOrder(
  connection: RawConnection,
  declaration: ColumnTypeDeclaration,
  values: unknown[],
): Promise<number[]> {
  const type = typeOf(declaration);
  await createProbe(connection, type.sqlType(connection.dialect));
  await throughDatabase(
    connection,
    type,
    values.map((value) => type.encode(value)),
  );
  const order = type.orderSql?.('"value"', connection.dialect) ?? '"value"';
  const rows = await connection.run(`select id from probe order by ${order}`);
  return rows.map(([id]) => Number(id));
}

for (const [name, open] of connections.filter(([one]) => one === 'SQLite in memory' || one === 'PostgreSQL')) {
  describe(`the order of column types on ${name}`, () => {
    let connection: RawConnection;
    before(async () => {
      connection = await open();
    });
    after(() => connection.close());

    const orders: [ColumnTypeDeclaration, unknown[]][] = [
      [{ type: 'bigint' }, [10n, 9n, -1n, MIN64, MAX64]],
      [{ type: 'decimal' }, ['10', '9.5', '-1', '-20', '100']],
      [{ type: 'decimal', precision: 10, scale: 2 }, ['10', '9.5', '-1', '-20', '100']],
      [{ type: 'float' }, [10, 9.5, -1, -Infinity, Infinity]],
      [{ type: 'date' }, ['2024-10-01', '2024-09-30', '1999-12-31', '0001-01-01', '9999-12-31']],
      [
        { type: 'datetime' },
        [utc('2024-01-01T00:00:00.010Z'), utc('2024-01-01T00:00:00.009Z'), utc('1969-01-01'), MIN, MAX],
      ],
      [{ type: 'time' }, ['10:00:00.5', '10:00:00.45', '10:00:00', '00:00:00', '23:59:59']],
    ];
    for (const [declaration, values] of orders) {
      it(`is the order of the ${titleOf(declaration)} values`, async () => {
        expect(await idsInOrder(connection, declaration, values)).to.deep.equal([3, 2, 1, 0, 4]);
      });
    }
  });
}
