import createKnex from 'knex';
import type pg from 'pg';
import { captureMigration, connect } from '../../../src/index.js';
import type { Level } from '../promises.js';
import { models } from '../workload/models.js';
import { holders, notes, permanentCells, shelfOf, bucketCount } from '../workload/rows.js';

/**
 * `v` counts over all rows. A row's own versions rise with it, since whoever changes a row waits for who did before; an
 * INSERT waits for a DELETE of the same key by a lock, taken before it counts. The audit is written by the transaction
 * that writes the row, so it holds what was committed and nothing else.
 */
const auditSql = `
CREATE SEQUENCE versions;
CREATE TABLE audit (
  v integer PRIMARY KEY, "table" text NOT NULL, id integer NOT NULL, wid integer NOT NULL,
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(), gone boolean NOT NULL, row jsonb NOT NULL
);
CREATE INDEX ON audit (xid);
CREATE FUNCTION count_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN PERFORM pg_advisory_xact_lock(hashtext(TG_TABLE_NAME), NEW.id); END IF;
  NEW.v := nextval('versions');
  RETURN NEW;
END $$;
CREATE FUNCTION write_audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    PERFORM pg_advisory_xact_lock(hashtext(TG_TABLE_NAME), OLD.id);
    INSERT INTO audit (v, "table", id, wid, gone, row)
      VALUES (nextval('versions'), TG_TABLE_NAME, OLD.id, -OLD.wid, true, to_jsonb(OLD));
  ELSE
    INSERT INTO audit (v, "table", id, wid, gone, row)
      VALUES (NEW.v, TG_TABLE_NAME, NEW.id, NEW.wid, false, to_jsonb(NEW));
  END IF;
  RETURN NULL;
END $$;
`;

const triggersOf = (table: string): string => `
CREATE TRIGGER a_count BEFORE INSERT OR UPDATE ON ${table} FOR EACH ROW EXECUTE FUNCTION count_version();
CREATE TRIGGER z_audit AFTER INSERT OR UPDATE OR DELETE ON ${table} FOR EACH ROW EXECUTE FUNCTION write_audit();
`;

/** Whoever writes one note writes a holder too, of which the library knows nothing. */
const sideEffectSql = `
CREATE FUNCTION touch_holder() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE holders SET wid = NEW.wid WHERE id = ${holders.at(-1)};
  RETURN NULL;
END $$;
CREATE TRIGGER b_touch AFTER UPDATE ON notes FOR EACH ROW WHEN (NEW.id = ${notes[0]}) EXECUTE FUNCTION touch_holder();
`;

/** Makes the tables, what watches them, and the rows that are there before anybody begins. */
export async function prepareDatabase(url: string, client: pg.Client, level: Level): Promise<void> {
  const db = await connect({ database: url, enabled: false });
  await db.createTables(models);
  await db.close();
  await client.query(auditSql);
  for (const table of ['holders', 'cells', 'notes']) await client.query(triggersOf(table));
  if (level !== 'plain') await makeTriggers(url);
  await client.query(seedSql());
  if (level !== 'plain' && level !== 'capture') await client.query(sideEffectSql);
}

async function makeTriggers(url: string): Promise<void> {
  const knex = createKnex({ client: 'pg', connection: url, pool: { min: 0, max: 1 } });
  try {
    await captureMigration({ models }).up(knex);
  } finally {
    await knex.destroy();
  }
}

function seedSql(): string {
  const cells = permanentCells.map((id) => `(${id}, 0, ${id % bucketCount}, ${(id % holders.length) + 1}, 0)`);
  return `
    INSERT INTO holders (id, wid, v) VALUES ${holders.map((id) => `(${id}, 0, 0)`).join()};
    INSERT INTO cells (id, wid, bucket, holder_id, v) VALUES ${cells.join()};
    INSERT INTO notes (id, wid, shelf, v) VALUES ${notes.map((id) => `(${id}, 0, ${shelfOf(id)}, 0)`).join()};
  `;
}
