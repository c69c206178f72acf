import type { WireValue } from './wire-value.js';

/** Execute of the unnamed portal, all rows; then Sync. */
const executeAndSync = Buffer.from('E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04', 'latin1');
const bind = 'B'.charCodeAt(0);
/** The formats of values. */
const text = 0;
const binary = 1;
/** Of the message: its kind and length, and the ends of two names; of the lists: three counts and the format of all results. */
const fixedBytes = 1 + 4 + 2 + 2 + 2 + 4;
/** Of each value: its format and its length. */
const bytesPerValue = 2 + 4;

/**
 * What runs a prepared statement once: Bind, Execute and Sync of PostgreSQL's protocol in one piece, for one write. The
 * name must be ASCII.
 *
 * NOTE: pg makes three of them, which Node gathers again; that takes as long as the write.
 */
export function executeMessage(statement: string, values: readonly WireValue[]): Buffer {
  let bytes = fixedBytes + statement.length + bytesPerValue * values.length;
  for (const value of values) bytes += lengthOf(value);
  const message = Buffer.allocUnsafe(bytes + executeAndSync.length);
  message[0] = bind;
  message.writeInt32BE(bytes - 1, 1);
  let at = writeName(message, 5, '');
  at = writeName(message, at, statement);
  at = message.writeUInt16BE(values.length, at);
  for (const value of values) at = message.writeUInt16BE(value instanceof Buffer ? binary : text, at);
  at = message.writeUInt16BE(values.length, at);
  for (const value of values) at = writeValue(message, at, value);
  at = message.writeUInt16BE(1, at); // one format for all results
  at = message.writeUInt16BE(text, at);
  executeAndSync.copy(message, at);
  return message;
}

function lengthOf(value: WireValue): number {
  if (value === null) return 0;
  return typeof value === 'string' ? Buffer.byteLength(value) : value.length;
}

function writeValue(message: Buffer, at: number, value: WireValue): number {
  if (value === null) return message.writeInt32BE(-1, at);
  const begin = at + 4;
  const length = typeof value === 'string' ? message.write(value, begin) : value.copy(message, begin);
  message.writeInt32BE(length, at);
  return begin + length;
}

function writeName(message: Buffer, at: number, name: string): number {
  const end = at + message.write(name, at, 'latin1');
  message[end] = 0;
  return end + 1;
}
