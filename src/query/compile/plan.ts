import type { Statement } from '../../database/statement.js';
import type { DialectName } from '../../schema/column-type.js';
import type { QueryState } from '../../schema/query-state.js';
import { hashText } from '../../support/hash.js';
import { selectFor } from '../select-sql.js';
import type { Read } from './read.js';
import { Shape } from './shape.js';
import { RecentMap } from '../../support/recent-map.js';

/** Texts that are kept at least; those that were not used for long are written anew. */
const mostTexts = 2000;

interface KnownText {
  readonly text: string;
  /** The same in every process. */
  readonly name: string;
}

const texts: Readonly<Record<DialectName, RecentMap<string, KnownText>>> = {
  sqlite: new RecentMap(mostTexts),
  postgres: new RecentMap(mostTexts),
};

/** A read that is ready to be sent. */
export interface PlannedRead {
  readonly statement: Statement;
  /** The same for the same question, in every process. */
  identity(): string;
}

/** The statement of a read. Its text is written once for all reads of one shape. */
export function planRead(state: QueryState, read: Read, dialect: DialectName): PlannedRead {
  const { key, parameters } = new Shape(state, read, dialect);
  let known = texts[dialect].get(key);
  if (!known) {
    const { text } = selectFor(state, read, dialect);
    known = { text, name: hashText(text) };
    texts[dialect].set(key, known);
  }
  const { text, name } = known;
  return {
    statement: { text, parameters, prepare: true, model: state.model.label },
    identity: () => `${name} ${exactText(parameters)}`,
  };
}

/** NOTE: what JSON keeps as it is needs no function for each value, which takes several times as long. */
function exactText(parameters: readonly unknown[]): string {
  return parameters.every(isKept) ? JSON.stringify(parameters) : JSON.stringify(parameters, exactly);
}

function isKept(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isKept);
  return typeof value === 'string' || typeof value === 'boolean' || value === null;
}

/** Numbers that JSON has not are written apart from each other. */
function exactly(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return `${value}n`;
  return typeof value === 'number' && !Number.isFinite(value) ? `${value}f` : value;
}
