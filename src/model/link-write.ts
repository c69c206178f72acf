import type { Change } from '../changes/change.js';
import { announce } from '../changes/change-log.js';
import { cascadedModels } from '../changes/cascade.js';
import { writeObserver } from '../changes/write-observer.js';
import { connectionNamed } from '../database/connections.js';
import type { DatabaseConnection } from '../database/database-connection.js';
import {
  deleteLinks,
  insertLinks,
  insertThroughRows,
  lockLinks,
  lockOwner,
  type LinkChoice,
  type LinksOf,
  type ThroughRows,
} from '../query/link-sql.js';
import { linksReplaced, replaceLinks } from '../query/replace-links.js';
import { changesOf } from '../query/row-changes.js';
import { partOfTransaction, runAlone } from '../query/run-write.js';
import type { Cell, Row } from '../schema/cell.js';
import type { ColumnSchema, ModelSchema } from '../schema/model-schema.js';
import { valueOf } from '../schema/values.js';
import { insertCells } from './save.js';
import { runStatement } from './write-target.js';

/** The most that a statement has besides those of rows: the keys of `replaceLinks`. */
const otherParameters = 5;

/** Values of the other columns of a through model, by property. */
export type ThroughValues = Readonly<Record<string, unknown>>;

/** Links a row to others; answers how many links are new. One statement, or a few for very many of a through model. */
export function addLinks(links: LinksOf, far: readonly Cell[], values: ThroughValues): Promise<number> {
  if (far.length === 0) return Promise.resolve(0);
  return inOneGo(links, () => insert(links, far, values));
}

/** Takes links away; answers how many there were. One statement. */
export function removeLinks(links: LinksOf, choice: LinkChoice): Promise<number> {
  if (choice.kind === 'to' && choice.far.length === 0) return Promise.resolve(0);
  return inOneGo(links, () => remove(links, choice));
}

/**
 * Makes a row's links lead to exactly these rows. One statement where the database has one for it. NOTE: whoever else
 * sets the links of this row waits, since neither would see what the other inserts, and both would stay.
 */
export async function setLinks(links: LinksOf, far: readonly Cell[], values: ThroughValues): Promise<void> {
  if (far.length === 0) {
    await removeLinks(links, { kind: 'all' });
    return;
  }
  const connection = connectionOf(links);
  await partOfTransaction(connection, async () => {
    if (await setAtOnce(links, far, values)) return;
    await connection.transaction(() => setInSteps(links, far, values));
  });
}

/** False where it cannot be done so, or not now. */
async function setAtOnce(links: LinksOf, far: readonly Cell[], values: ThroughValues): Promise<boolean> {
  const connection = connectionOf(links);
  const { through } = links.relation;
  if (!connection.facts.rowLocks || writeObserver(connection, through)) return false;
  const given = through.isPairs ? undefined : throughRows(links, far, values);
  if (given && given.rows.length > rowsAtOnce(connection, given)) return false;
  const { rows } = await runAlone(connection, through, replaceLinks(links, far, given));
  const replaced = linksReplaced(through, rows);
  if (!replaced) return false;
  await announce(connection, [...changesOfRemoved(through, replaced.gone), ...changesOfNew(through, replaced.made)]);
  return true;
}

async function setInSteps(links: LinksOf, far: readonly Cell[], values: ThroughValues): Promise<void> {
  const connection = connectionOf(links);
  if (connection.facts.rowLocks) await connection.run(lockOwner(links, connection.facts.name));
  await remove(links, { kind: 'not to', far });
  await insert(links, far, values);
}

async function insert(links: LinksOf, far: readonly Cell[], values: ThroughValues): Promise<number> {
  const connection = connectionOf(links);
  const { through } = links.relation;
  const target = { connection, schema: through };
  const rows = through.isPairs
    ? await runStatement(target, insertLinks(links, far, connection.facts.name))
    : await insertThrough(links, far, values);
  await writeObserver(connection, through)?.after(through, rows);
  await announce(connection, changesOfNew(through, rows));
  return countFrom(links, rows);
}

/** Inserts rows of a through model in as few statements as the database takes. */
async function insertThrough(links: LinksOf, far: readonly Cell[], values: ThroughValues): Promise<Row[]> {
  const connection = connectionOf(links);
  const { relation } = links;
  const given = throughRows(links, far, values);
  const size = rowsAtOnce(connection, given);
  const stored: Row[] = [];
  for (let start = 0; start < given.rows.length; start += size) {
    const part = { ...given, rows: given.rows.slice(start, start + size) };
    const statement = insertThroughRows(relation, part, connection.facts.name);
    stored.push(...(await runStatement({ connection, schema: relation.through }, statement)));
  }
  return stored;
}

/** How many of such rows the database takes in one statement. */
function rowsAtOnce({ facts }: DatabaseConnection, { columns }: ThroughRows): number {
  return Math.max(1, Math.floor((facts.maxParameters - otherParameters) / columns.length));
}

/** Rows of a through model, validated and with its defaults. */
function throughRows(links: LinksOf, far: readonly Cell[], values: ThroughValues): ThroughRows {
  const { relation, near } = links;
  const pairs: (readonly [Cell, Cell])[] = far.map((cell) => [near, cell]);
  if (relation.symmetrical) pairs.push(...far.map((cell) => [cell, near] as const));
  const cells = pairs.map((pair) => throughCells(links, pair, values));
  const columns = relation.through.columns.filter((column) => cells[0]?.get(column) !== undefined);
  return { columns, rows: cells.map((one) => columns.map((column) => one.get(column) ?? null)) };
}

function throughCells(
  { relation: { through, throughModel, near, far } }: LinksOf,
  [nearCell, farCell]: readonly [Cell, Cell],
  values: ThroughValues,
): ReadonlyMap<ColumnSchema, Cell | undefined> {
  const link = Reflect.construct(throughModel, [values]) as object; // a model's class takes its values
  Reflect.set(link, near.property, valueOf(near, nearCell));
  Reflect.set(link, far.property, valueOf(far, farCell));
  return insertCells(link, through);
}

async function remove(links: LinksOf, choice: LinkChoice): Promise<number> {
  const connection = connectionOf(links);
  const { through } = links.relation;
  const target = { connection, schema: through };
  const observer = writeObserver(connection, through);
  if (observer) {
    await observer.before(through, await runStatement(target, lockLinks(links, choice, connection.facts.name)));
  }
  const rows = await runStatement(target, deleteLinks(links, choice, connection.facts.name));
  await announce(connection, changesOfRemoved(through, rows));
  return countFrom(links, rows);
}

/** Runs a verb by itself where one statement is all of it; with somebody who watches, or several statements, in a transaction. */
function inOneGo(links: LinksOf, verb: () => Promise<number>): Promise<number> {
  const connection = connectionOf(links);
  const { through } = links.relation;
  if (writeObserver(connection, through) || !through.isPairs) return connection.transaction(verb);
  return connection.currentTransaction()?.include(verb) ?? verb();
}

function changesOfNew(model: ModelSchema, rows: readonly Row[]): readonly Change[] {
  return changesOf(model, [], rows);
}

function changesOfRemoved(model: ModelSchema, rows: readonly Row[]): readonly Change[] {
  return rows.length === 0 ? [] : [...changesOf(model, rows, []), ...cascadedModels(model)];
}

/** How many links there are in the direction from the row that they belong to: symmetrical ones are two rows. */
function countFrom({ relation: { near, symmetrical }, near: key }: LinksOf, rows: readonly Row[]): number {
  return symmetrical ? rows.filter((row) => row[near.position] === key).length : rows.length;
}

function connectionOf({ relation: { through } }: LinksOf): DatabaseConnection {
  return connectionNamed(through.connection, through.label);
}
