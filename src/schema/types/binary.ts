import type { Cell } from '../cell.js';
import type { ColumnType } from '../column-type.js';
import { isUint8Array } from 'node:util/types';
import { refuse, unreadable } from './refusal.js';

const HEX = /^\\x(?:[\da-f]{2})*$/i;

/** Bytes: a Buffer or any Uint8Array goes in and is copied, a Buffer of its own comes out. A cell is base64. */
export const binaryType: ColumnType = {
  name: 'binary',
  signature: 'binary',
  // Bytes do compare exactly, but a condition on them is no use and its stamps would be as long as they are.
  canonicalEquality: false,
  sqlType: (dialect) => (dialect === 'sqlite' ? 'blob' : 'bytea'),
  encode: (value) => (isUint8Array(value) ? toBase64(value) : refuse('a Buffer or a Uint8Array', value)),
  decode: (cell) => Buffer.from(String(cell), 'base64'),
  isValueOf: (value, cell) => isUint8Array(value) && toBase64(value) === cell,
  toDatabase: (cell) => Buffer.from(String(cell), 'base64'),
  fromDatabase: (raw) => (isUint8Array(raw) ? toBase64(raw) : readHex(raw)),
};

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** PostgreSQL's text form, where an application told pg not to parse it. */
function readHex(raw: unknown): Cell {
  return typeof raw === 'string' && HEX.test(raw)
    ? Buffer.from(raw.slice(2), 'hex').toString('base64')
    : unreadable('binary', 'bytes', raw);
}
