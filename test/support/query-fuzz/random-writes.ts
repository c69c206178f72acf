import {
  ForeignKeyViolationError,
  RecordNotFoundError,
  StaleRecordError,
  TransactionConflictError,
  UniqueViolationError,
  type Database,
} from '../../../src/index.js';
import type { Random } from '../random.js';
import { Club, Label, License, Maker, Membership, Order, Shop, Thing } from './fuzz-models.js';
import { ids, words } from './fuzz-values.js';
import { labelWrites, memberWrites, reverseWrites } from './link-writes.js';
import { clubWrites, makerWrites } from './maker-writes.js';
import { RandomValues } from './random-values.js';
import { manyShopWrites, shopWrites, type Write } from './shop-writes.js';
import { crowdComes, crowdWrites, plainSqlWrites, RolledBack, transactionWrites } from './wide-writes.js';

const refusals = [
  ...[UniqueViolationError, ForeignKeyViolationError, TransactionConflictError],
  ...[RecordNotFoundError, StaleRecordError, RolledBack],
];

/** Whether an error says that a write was not made, for a reason that the rows or other writers gave. */
export function isRefusal(error: unknown): boolean {
  return refusals.some((refusal) => error instanceof refusal);
}

/** What became of a write. */
export interface Written {
  readonly name: string;
  readonly isRefused: boolean;
}

/** Random writes by every way that is named beside this file; what is refused changes nothing. */
export class RandomWrites {
  readonly #db: Database;
  readonly #random: Random;
  readonly #draw: RandomValues;
  #hasCrowd = false;

  constructor(db: Database, random: Random) {
    this.#db = db;
    this.#random = random;
    this.#draw = new RandomValues(random);
  }

  /** Some rows to begin with. */
  async begin(): Promise<void> {
    const draw = this.#draw;
    const all = Array.from({ length: ids }, (_, index) => index + 1);
    for (const id of all) await Shop.create({ id, name: draw.word(), region: draw.small() });
    for (const [index, name] of words.slice(0, 5).entries()) await Label.create({ id: index + 1, name });
    for (const id of all)
      await Maker.create({ id, ...draw.maker(), name: words[id] ?? null, bossId: id === 1 ? null : 1 });
    for (const id of all.slice(4)) await License.create({ id: BigInt(id), makerId: id, ...draw.license(), code: null });
    for (const id of all) await Thing.create({ id, ...draw.thing() });
    for (const id of all) await Order.create({ id, count: draw.small(), thingId: draw.id() });
    for (const id of all.slice(4)) await Club.create({ id, name: words[id - 4] ?? '', ...draw.club() });
    for (const clubId of all.slice(4)) await Membership.create({ clubId, memberId: draw.id(), role: draw.role() });
    for (const id of all)
      await draw.with(Thing.objects, id, ({ labels }) => labels.add(draw.labelId(), draw.labelId()));
    for (const id of all) await draw.with(Maker.objects, id, ({ friends }) => friends.add(draw.id()));
  }

  /** Makes one write, by `run` where it is to be part of something. */
  async next(run: (write: () => Promise<unknown>) => Promise<unknown> = (write) => write()): Promise<Written> {
    const [name, write] = this.#one();
    try {
      await run(write);
      return { name, isRefused: false };
    } catch (error) {
      if (!isRefusal(error)) throw new Error(`${name}: ${String(error)}`, { cause: error });
      return { name: `${name} (refused)`, isRefused: true };
    }
  }

  /** A crowd of rows comes now and then, and goes soon: it makes every question slow. */
  #one(): Write {
    if (!this.#hasCrowd && this.#random.below(60) === 0) {
      this.#hasCrowd = true;
      return crowdComes(this.#draw);
    }
    if (!this.#hasCrowd || this.#random.below(2) === 0) return this.#random.oneOf(this.#all());
    const [name, write] = this.#random.oneOf(crowdWrites(this.#draw));
    this.#hasCrowd = !name.startsWith('delete');
    return [name, write];
  }

  #all(): readonly Write[] {
    const draw = this.#draw;
    const rows = [...shopWrites(draw), ...manyShopWrites(draw), ...makerWrites(draw), ...clubWrites(draw)];
    return [
      ...rows.filter(([name]) => name.startsWith('create ')), // twice, since what is deleted takes other rows with it
      ...rows,
      ...[...labelWrites(draw), ...reverseWrites(draw), ...memberWrites(draw)],
      ...[...transactionWrites(draw), ...plainSqlWrites(this.#db, draw)],
    ];
  }
}
