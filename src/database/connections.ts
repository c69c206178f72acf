import { UsageError } from '../errors.js';
import type { DatabaseConnection } from './database-connection.js';

const connections = new Map<string, DatabaseConnection>();
let version = 0;

/** Makes a connection the one that models with this connection name use. Throws UsageError if the name is taken. */
export function registerConnection(name: string, connection: DatabaseConnection): void {
  if (connections.has(name)) {
    throw new UsageError(
      `A connection named '${name}' is open. Close it first, or give this one another name: connect({ name }).`,
    );
  }
  connections.set(name, connection);
  version += 1;
}

export function unregisterConnection(name: string): void {
  connections.delete(name);
  version += 1;
}

/** The open connection of this name. Throws UsageError, naming `who` asks for it, if there is none. */
export function connectionNamed(name: string, who: string): DatabaseConnection {
  const connection = connections.get(name);
  if (connection) return connection;
  const call = name === 'default' ? 'connect({ database: … })' : `connect({ name: '${name}', database: … })`;
  throw new UsageError(`${who} has no connection: await ${call} before the first query.`);
}

/** Another number after each connection that is opened or closed: what was found by a name before may not be it any more. */
export function connectionsVersion(): number {
  return version;
}
