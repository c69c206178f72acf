import { EventEmitter } from 'node:events';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { PostgresDialect } from '../../../src/database/postgres/postgres-dialect.js';

/** As much of a client of pg as giving it back needs. */
class Client extends EventEmitter {
  readyForQuery = false;
  ended = false;

  end(): void {
    this.ended = true;
  }
}

describe('a connection that knex gives back', () => {
  const dialect = new PostgresDialect({ queryTimeoutMs: 1000, preparedStatements: true });

  it('is kept where it is ready', async () => {
    const client = new Client();
    client.readyForQuery = true;
    await dialect.takeBack(client);
    expect(client.ended).to.equal(false);
  });

  it('is kept where a query failed and the server says a moment later that it is ready', async () => {
    const client = new Client();
    const taken = dialect.takeBack(client);
    client.readyForQuery = true;
    client.emit('drain');
    await taken;
    expect(client.ended).to.equal(false);
    expect(client.listenerCount('drain')).to.equal(0);
  });

  it('is thrown away where it still waits for an answer', async () => {
    const client = new Client();
    await dialect.takeBack(client);
    expect(client.ended).to.equal(true);
    expect(client.listenerCount('drain')).to.equal(0);
  });
});
