import { expect } from 'chai';
import { ConnectionError } from '../../../src/errors.js';
import type { Dialect } from '../../../src/database/dialect.js';
import { Session } from '../../../src/database/session.js';
import { StatementRunner } from '../../../src/database/statement-runner.js';
import { failure } from './books.js';

/** A dialect that records what reaches the driver, and fails where it is told to. */
function scriptedDialect(failing: readonly string[]): { dialect: Dialect; log: string[] } {
  const log: string[] = [];
  const dialect: Partial<Dialect> = {
    execute: (_connection, { text }) => {
      log.push(text);
      return failing.includes(text)
        ? Promise.reject(new ConnectionError(`${text} failed`))
        : Promise.resolve({ rows: [], changes: 0 });
    },
    inTransaction: () => true,
    isLost: () => log.includes('discard'),
    discard: () => void log.push('discard'),
    convertError: (error) => error as ConnectionError, // execute() throws nothing else
  };
  return { dialect: dialect as Dialect, log }; // a Session uses no more of it
}

describe('a session', () => {
  it('throws its connection away where it cannot roll back, and does not throw', async () => {
    const { dialect, log } = scriptedDialect(['ROLLBACK']);
    const session = new Session({}, new StatementRunner(dialect, 'test'));
    await session.begin('BEGIN');
    await session.rollback();
    expect(log).to.deep.equal(['BEGIN', 'ROLLBACK', 'discard']);
  });

  it('sends nothing more on a connection that is lost', async () => {
    const { dialect, log } = scriptedDialect([]);
    const session = new Session({}, new StatementRunner(dialect, 'test'));
    await session.begin('BEGIN');
    dialect.discard({});
    expect(await failure(session.execute({ text: 'SELECT 1', parameters: [] }))).to.be.instanceOf(ConnectionError);
    expect(await failure(session.commit())).to.be.instanceOf(ConnectionError);
    await session.rollback();
    expect(log).to.deep.equal(['BEGIN', 'discard']);
  });
});
