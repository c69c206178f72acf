import { expect } from 'chai';
import { describe, it } from 'mocha';
import pg from 'pg';
import { executeMessage } from '../../../src/database/postgres/execute-message.js';
import type { PostgresPort } from '../../../src/database/postgres/postgres-driver.js';
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
