import type { CapturedTransaction, CaptureTables, GateRow, OutboxRow } from './capture-tables.js';

/** Who asks, and what. */
export interface Asked {
  readonly tables: CaptureTables;
  /** The connection, with the process of the server behind it. */
  readonly session: { readonly processID: number };
  readonly transaction: CapturedTransaction;
  readonly text: string;
  readonly parameters: readonly unknown[];
}

type Rows = unknown[][];
type Statement = (asked: Asked) => Rows;

/** The statements of change capture and of gates, by a part of their text that no other one has. */
const statements: readonly (readonly [part: string, run: Statement])[] = [
  ['WITH RECURSIVE wanted', ({ tables }) => [[tables.triggers.facts]]],
  ['pg_backend_pid()', ({ session }) => [[session.processID]]],
  ['pg_try_advisory_lock(', lead],
  ['WITH joined AS', join],
  ['LEFT JOIN LATERAL', readOutbox],
  ['SET seen = $2::pg_snapshot', heard],
  ['WITH alive AS', keepHouse],
  ['SELECT tables FROM', ({ tables, parameters: [id] }) => [[tables.consumers.get(String(id))?.tables ?? '{}']]],
  ['SET tables = (tables::jsonb', noteTableStates],
  ['SELECT inst, granted, token, suspended', readGate],
  ['INSERT INTO "moneyclip_capture".gate', createGate],
  ['SET inst = $2', takeOver],
  ['SET granted = true', grant],
  ['SELECT min(change.id)', unheardIds],
  ['SELECT token, granted, suspended', lookAtGrant],
  ['SET suspended = true', suspend],
  ['pg_xact_status', ({ tables, parameters: [id] }) => [[tables.ids.statusOf(Number(id))]]],
  ['pg_advisory_xact_lock_shared', lockAsWriter],
  ['SELECT change.xid::text', askBeforeCommit],
];

const known = new Map<string, Statement | undefined>();

/** What runs a statement of change capture or of gates; undefined for every other one. */
export function captureStatement(text: string): Statement | undefined {
  if (!known.has(text)) known.set(text, statements.find(([part]) => text.includes(part))?.[1]);
  return known.get(text);
}

function lead({ tables, session, parameters: [id] }: Asked): Rows {
  const leader = tables.leaders.get(String(id)) ?? session;
  tables.leaders.set(String(id), leader);
  return [[leader === session]];
}

function join({ tables, parameters }: Asked): Rows {
  const [id = '', prefix = '', epoch = '', token = ''] = parameters.map(String);
  if (tables.consumers.has(id)) return [];
  tables.consumers.set(id, { prefix, seen: tables.ids.snapshot, tables: '{}' });
  const gate = tables.gates.get(prefix);
  if (gate) Object.assign(gate, { granted: false, epoch, token });
  return [[id]];
}

/** What waits in the outbox for a cache, and the gate where it is asked for; both as of one moment. */
function readOutbox(asked: Asked): Rows {
  const { tables, parameters } = asked;
  const [id, afterId, limit] = parameters;
  const tail = gateAsked(asked);
  const unheard = tables.unheard(String(id));
  if (!unheard) return [];
  const waiting = unheard.filter((row) => row.id > Number(afterId)).slice(0, Number(limit));
  const { snapshot } = tables.ids;
  if (waiting.length === 0) return [[snapshot, null, null, null, null, ...tail]];
  return waiting.map((row) => [snapshot, String(row.id), ...asRecorded(tables, row), ...tail]);
}

/** The columns of the gate, and a beat more where one is counted; none where the gate is not asked for. */
function gateAsked({ tables, text, parameters: [, , , prefix, instance] }: Asked): readonly unknown[] {
  if (!text.startsWith('WITH gate AS')) return [];
  const gate = grantedGate(tables, String(prefix));
  if (!gate || gate.inst !== instance) return [null, null, null];
  if (text.startsWith('WITH gate AS (UPDATE')) gate.beat += 1;
  return [gate.epoch, String(gate.beat), gate.windowMs];
}

function asRecorded({ triggers: { source, recorded } }: CaptureTables, { rows }: OutboxRow): unknown[] {
  return [source, JSON.stringify(recorded), rows];
}

function heard({ tables, parameters: [id, snapshot, ids] }: Asked): Rows {
  const own = tables.consumers.get(String(id));
  if (!own) return [];
  own.seen = String(snapshot);
  const asked = new Set((ids as readonly string[]).map(Number)); // as the library gives it
  tables.forgetHeard((each) => asked.has(each), String(id));
  return [];
}

/** NOTE: no run lasts as long as a consumer may be silent. */
function keepHouse({ tables }: Asked): Rows {
  tables.forgetHeard(() => true, undefined);
  return [];
}

function noteTableStates({ tables, parameters: [id, states] }: Asked): Rows {
  const own = tables.consumers.get(String(id));
  if (!own) return [];
  const [before, noted] = [own.tables, String(states)].map((text) => JSON.parse(text) as object);
  own.tables = JSON.stringify({ ...before, ...noted });
  return [];
}

function readGate({ tables, parameters: [prefix] }: Asked): Rows {
  const gate = tables.gates.get(String(prefix));
  return gate ? [[gate.inst, gate.granted, gate.token, gate.suspended, String(gate.beat), gate.windowMs]] : [];
}

function createGate({ tables, parameters }: Asked): Rows {
  const [prefix = '', inst = '', epoch = '', token = '', windowMs] = parameters.map(String);
  if (tables.gates.has(prefix)) return [];
  tables.gates.set(prefix, {
    inst,
    epoch,
    token,
    granted: false,
    suspended: false,
    beat: 0,
    windowMs: Number(windowMs),
  });
  return [[1]];
}

function takeOver({ tables, text, parameters }: Asked): Rows {
  const [prefix = '', inst, instBefore, epoch, token, tokenBefore] = parameters.map(String);
  const gate = tables.gates.get(prefix);
  if (!gate || gate.inst !== instBefore || gate.token !== tokenBefore) return [];
  const changed = text.includes('coalesce(epoch') ? {} : { epoch };
  Object.assign(gate, { inst, token, granted: false, suspended: false, ...changed });
  return [[1]];
}

function grant({ tables, text, parameters }: Asked): Rows {
  const [prefix = '', inst, token, windowMs] = parameters.map(String);
  const gate = tables.gates.get(prefix);
  if (!gate || gate.inst !== inst || gate.token !== token || gate.granted) return [];
  if (tables.hasWriters && text.includes('pg_try_advisory_xact_lock')) return [];
  Object.assign(gate, { granted: true, windowMs: Number(windowMs) });
  return [[1]];
}

function unheardIds({ tables, parameters: [id, prefix] }: Asked): Rows {
  const unheard = tables.unheard(String(id));
  if (!unheard || !grantedGate(tables, String(prefix))) return [];
  const [first, last] = [unheard[0], unheard.at(-1)];
  return [[first ? String(first.id) : null, last ? String(last.id) : null]];
}

function lookAtGrant({ tables, parameters: [prefix] }: Asked): Rows {
  const gate = tables.gates.get(String(prefix));
  return gate ? [[gate.token, gate.granted, gate.suspended, gate.windowMs]] : [];
}

function suspend({ tables, parameters: [prefix, token] }: Asked): Rows {
  const gate = tables.gates.get(String(prefix));
  if (!gate || gate.suspended) return [];
  if (!tables.suspendsAnyGrant && (gate.token !== token || !gate.granted)) return [];
  gate.suspended = true;
  return [[1]];
}

/** NOTE: in a transaction that wrote something, and while a gate is granted. */
function lockAsWriter({ tables, transaction }: Asked): Rows {
  const [gate] = tables.gates.values();
  if (transaction.xid !== undefined && gate?.granted && !gate.suspended) tables.shareWritersLock(transaction);
  return [];
}

function askBeforeCommit({ tables, transaction, parameters: [prefix] }: Asked): Rows {
  const gate = tables.gates.get(String(prefix));
  const isGranted = gate !== undefined && gate.granted && !gate.suspended && transaction.sharesWritersLock;
  return transaction.records.map((row) => [
    String(row.xid),
    isGranted,
    gate?.inst ?? null,
    gate?.epoch ?? null,
    'read committed',
    ...asRecorded(tables, row),
  ]);
}

function grantedGate(tables: CaptureTables, prefix: string): GateRow | undefined {
  const gate = tables.gates.get(prefix);
  return gate?.granted && !gate.suspended ? gate : undefined;
}
