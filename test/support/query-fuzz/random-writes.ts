import type { Database } from '../../../src/index.js';
import type { Random } from '../random.js';
import { isRefusal } from '../refusals.js';
import { Club, Label, License, Maker, Order, Shop, Thing } from './fuzz-models.js';
import { ids, words } from './fuzz-values.js';
import { labelWrites, memberWrites, reverseWrites } from './link-writes.js';
import { clubWrites, makerWrites } from './maker-writes.js';
import { RandomValues } from './random-values.js';
import { manyShopWrites, shopWrites, type Write } from './shop-writes.js';
import { crowdComes, crowdWrites, plainSqlWrites, transactionWrites } from './wide-writes.js';

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
    for (const [index, name] of words.slice(0, 5).entries()) await Label.create({ id: index + 1, name });
    for (let id = 1; id <= ids; id += 1) await this.#beginWith(id);
    for (let id = 5; id <= ids; id += 1) await this.#beginClub(id);
  }

  async #beginWith(id: number): Promise<void> {
    const draw = this.#draw;
    await Shop.create({ id, name: draw.word(), region: draw.small() });
    const maker = await Maker.create({ id, ...draw.maker(), name: words[id] ?? null, bossId: id === 1 ? null : 1 });
    await maker.friends.add(1);
    const thing = await Thing.create({ id, ...draw.thing(), shopId: id, makerId: id });
    await thing.labels.add(draw.labelId(), draw.labelId());
    await Order.create({ id, count: draw.small(), thingId: id });
  }

  async #beginClub(id: number): Promise<void> {
    const draw = this.#draw;
    await License.create({ id: BigInt(id), makerId: id, ...draw.license(), code: null });
    const club = await Club.create({ id, name: words[id - 4] ?? '', ...draw.club() });
    await club.members.add(draw.id(), { through: { role: draw.role() } });
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
