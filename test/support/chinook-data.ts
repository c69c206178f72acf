import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CacheManager, CachedModel, Database, Manager, Values } from '../../src/index.js';
import { schemaOf } from '../../src/schema/schema-of.js';
import type { DatabaseKind } from '../setup/fresh.js';
import {
  Album,
  Artist,
  Customer,
  Employee,
  Genre,
  Invoice,
  InvoiceLine,
  MediaType,
  Playlist,
  PlaylistTrack,
  Track,
} from './chinook-models.js';

/** A row of Chinook, whichever. */
export type ChinookRow = CachedModel & { readonly id: number };

/** A model of Chinook, whichever. */
export interface ChinookModel {
  new (values?: Values): ChinookRow;
  readonly objects: Manager<ChinookRow>;
  readonly cache: CacheManager<ChinookRow>;
}

/** A table of Chinook: its name in the data, its model, and all of its rows as the model has them. */
export interface ChinookTable {
  readonly name: string;
  readonly model: ChinookModel;
  readonly rows: readonly Values[];
}

/** In an order in which every foreign key points backwards. */
const models = {
  Genre,
  MediaType,
  Artist,
  Album,
  Track,
  Employee,
  Customer,
  Invoice,
  InvoiceLine,
  Playlist,
  PlaylistTrack,
} as unknown as Readonly<Record<string, ChinookModel>>; // each model's own types are narrower than "whichever"

const foreignKeys = new Set(['ReportsTo']);
const dates = new Set(['BirthDate', 'HireDate', 'InvoiceDate']);
const decimals = new Set(['UnitPrice', 'Total']);

/** Where the data are: beside the repository, or where CHINOOK_JSON says. */
export function chinookPath(): string {
  const besideRepository = fileURLToPath(new URL('../../../', import.meta.url));
  return process.env['CHINOOK_JSON'] ?? join(besideRepository, 'shared', 'data', 'chinook', 'chinook.json');
}

/** All tables with their rows; undefined where the data are not here. */
export function readChinook(): readonly ChinookTable[] | undefined {
  const path = chinookPath();
  if (!existsSync(path)) return undefined;
  const data = JSON.parse(readFileSync(path, 'utf8')) as Record<string, readonly Values[]>; // Chinook's own layout
  return Object.entries(models).map(([name, model]) => {
    const rows = (data[name] ?? []).map((raw, index) => toValues(name, raw, index));
    return { name, model, rows };
  });
}

/** Stores all tables through the library, in a database of this kind that has none of them. */
export async function loadChinook(db: Database, kind: DatabaseKind, tables: readonly ChinookTable[]): Promise<void> {
  await db.createTables(tables.map(({ model }) => model));
  for (const { model, rows } of tables) {
    await model.objects.bulkCreate(rows);
    if (kind === 'postgres') await countOnFrom(db.knex, schemaOf(model).table);
  }
}

function toValues(table: string, raw: Values, index: number): Values {
  const key = `${table}Id`;
  const values: Record<string, unknown> = table === 'PlaylistTrack' ? { id: index + 1 } : {};
  for (const [name, value] of Object.entries(raw)) {
    values[name === key ? 'id' : propertyOf(name)] = toValue(name, value);
  }
  return values;
}

function propertyOf(name: string): string {
  const property = `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
  return foreignKeys.has(name) ? `${property}Id` : property;
}

function toValue(name: string, value: unknown): unknown {
  if (value === null) return null;
  if (dates.has(name) && typeof value === 'string') return new Date(`${value}Z`);
  return decimals.has(name) ? Number(value).toFixed(2) : value;
}

/** PostgreSQL does not count on from keys that it was given: it would make them again. */
async function countOnFrom(knex: Database['knex'], table: string): Promise<void> {
  await knex.raw(`SELECT setval(pg_get_serial_sequence('${table}', 'id'), (SELECT max(id) FROM ${table}))`);
}
