import { expect } from 'chai';
import { describe, it } from 'mocha';
import pg from 'pg';
import { executeMessage } from '../../../src/database/postgres/execute-message.js';
import type { PostgresPort } from '../../../src/database/postgres/postgres-driver.js';
import { PreparedQuery } from '../../../src/database/postgres/prepared-query.js';
import type { WireValue } from '../../../src/database/postgres/wire-value.js';

/** The same by pg. */
function messagesOfPg(statement: string, values: readonly WireValue[]): Buffer {
  const written: Buffer[] = [];
  const stream = { writable: true, write: (piece: Buffer) => written.push(piece) };
  const port = new pg.Connection({ stream: stream as never }) as unknown as PostgresPort; // nothing but these is used
  port.bind({ statement, values });
  port.execute({ portal: '' });
  port.sync();
  return Buffer.concat(written);
}

describe('the message that runs a prepared statement', () => {
  const cases: Readonly<Record<string, readonly WireValue[]>> = {
    'no values': [],
    'texts, also empty ones and beyond ASCII': ['a', '', 'é€😀', '\ud800', 'x'.repeat(70_000)],
    'nulls and bytes': [null, Buffer.from([0, 255, 128]), null, Buffer.alloc(0)],
    'as many values as the protocol has': Array.from({ length: 65_535 }, (_, index) => String(index)),
  };
  for (const [title, values] of Object.entries(cases)) {
    it(`is what pg would send: ${title}`, () => {
      expect(executeMessage('moneyclip_1', values).equals(messagesOfPg('moneyclip_1', values))).to.equal(true);
    });
  }
});

describe('a prepared query', () => {
  /** As much of a connection of pg as a query writes to. */
  function fakePort() {
    const written: Buffer[] = [];
    const nothing = (): void => undefined;
    const stream = { writable: true, cork: nothing, uncork: nothing, write: (piece: Buffer) => written.push(piece) };
    const parsedStatements: Record<string, string> = {};
    const port = { stream, parsedStatements, parse: nothing, bind: nothing, describe: nothing, execute: nothing };
    return { written, port: { ...port, sync: nothing } satisfies PostgresPort };
  }

  it('writes nothing to a socket that has ended, once its columns are known', () => {
    const { written, port } = fakePort();
    const query = () =>
      new PreparedQuery({ name: 'one', text: 'SELECT 1' }, [], { client: {} as never, callback() {} });
    const first = query();
    first.submit(port);
    first.handleRowDescription({ fields: [] });
    first.handleReadyForQuery(port);
    port.parsedStatements['one'] = 'SELECT 1';
    query().submit(port);
    expect(written).to.have.length(1);
    port.stream.writable = false;
    query().submit(port);
    expect(written).to.have.length(1);
  });
});
