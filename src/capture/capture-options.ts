import { UsageError } from '../errors.js';
import { nearest } from '../support/nearest.js';

/** What `connect({ capture })` takes besides true. */
export interface CaptureOptions {
  /** The database schema that `migrate` made; on SQLite what its names begin with; default: `moneyclip_capture`. */
  readonly schema?: string;
  /** How often the outbox is read, in milliseconds; default: 50. PostgreSQL. */
  readonly pollMs?: number;
  /** How often the triggers are checked, in milliseconds; default: 30,000. PostgreSQL. */
  readonly checkMs?: number;
}

/** The same with the defaults filled in. */
export type CaptureSettings = Required<CaptureOptions>;

export const defaultSchema = 'moneyclip_capture';

const optionNames = ['schema', 'pollMs', 'checkMs'];

/** The settings of `capture: true` or `capture: { … }`; undefined where capture is off. Throws UsageError. */
export function captureSettings(option: boolean | CaptureOptions | undefined): CaptureSettings | undefined {
  if (option === undefined || option === false) return undefined;
  const given: CaptureOptions | null = option === true ? {} : option;
  if (typeof given !== 'object' || given === null) {
    throw new UsageError(`connect: capture is a ${typeof given}; use true or { schema, pollMs, checkMs }`);
  }
  assertKnown(given);
  return {
    schema: schemaName(given.schema ?? defaultSchema, 'connect: capture.schema'),
    pollMs: milliseconds('pollMs', given.pollMs ?? 50),
    checkMs: milliseconds('checkMs', given.checkMs ?? 30_000),
  };
}

function assertKnown(given: object): void {
  for (const name of Object.keys(given)) {
    if (optionNames.includes(name)) continue;
    const hint = nearest(name, optionNames);
    throw new UsageError(
      `connect: unknown option 'capture.${name}'${hint ? `; did you mean '${hint}'?` : `; use ${optionNames.join(', ')}`}`,
    );
  }
}

/** A name that PostgreSQL keeps whole, also as a part of the triggers' names. Throws UsageError, beginning with `where`. */
export function schemaName(name: unknown, where: string): string {
  if (typeof name === 'string' && /^[a-z_][a-z0-9_]{0,39}$/.test(name) && !name.startsWith('pg_')) return name;
  throw new UsageError(
    `${where} is no name for a schema; use at most 40 of a-z, 0-9 and _, such as '${defaultSchema}'`,
  );
}

function milliseconds(option: string, value: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= 3_600_000) return value;
  throw new UsageError(`connect: capture.${option} is not a whole number of milliseconds from 1 to 3600000`);
}
