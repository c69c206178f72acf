import { UsageError } from '../errors.js';
import type { DatabaseConnection } from './database-connection.js';

const connections = new Map<string, DatabaseConnection>();
let closed = 0;

/** Makes a connection the one that models with this connection name use. Throws UsageError if the name is taken. */
export function registerConnection(name: string, connection: DatabaseConnection): void {
  if (connections.has(name)) {
    throw new UsageError(
      `A connection named '${name}' is open. Close it first, or give this one another name: connect({ name }).`,
    );
  }
  connections.set(name, connection);
}

export function unregisterConnection(name: string): void {
  connections.delete(name);
  closed += 1;
}

/** The open connection of this name. Throws UsageError, naming `who` asks for it, if there is none. */
export function connectionNamed(name: string, who: string): DatabaseConnection {
  const connection = connections.get(name);
  if (connection) return connection;
  const call = name === 'default' ? 'connect({ database: … })' : `connect({ name: '${name}', database: … })`;
  throw new UsageError(`${who} has no connection: await ${call} before the first query.`);
}

/** How many connections were closed: until there is one more, a name stands for the connection that was found by it. */
export function closedConnections(): number {
  return closed;
}
