import { changed, F, invalidateModel, transaction, type Database } from '../../src/index.js';
import { Label, Order, Shop, Thing } from './query-fuzz-models.js';
import type { Random } from './random.js';

const ids = 8;
const words = ['a', 'A', 'ab', 'b', 'B', 'c_', '%'];
const refusals =
  /violat|another row|still point|points? (?:at|to)|no row|gone|deleted|roll back|already|does not exist|lock timeout|could not serialize|conflict/i;
const prices = [null, '0.00', '1.50', '2.00', '10.25'];

/** Random writes by every way there is; what a constraint refuses changes nothing. */
export class RandomWrites {
  readonly #db: Database;
  readonly #random: Random;

  constructor(db: Database, random: Random) {
    this.#db = db;
    this.#random = random;
  }

  /** Some rows to begin with. */
  async begin(): Promise<void> {
    for (let id = 1; id <= ids; id += 1) await Shop.create({ id, name: this.#word(), region: this.#small() });
    for (const [index, name] of words.slice(0, 5).entries()) await Label.create({ id: index + 1, name });
    for (let id = 1; id <= ids; id += 1) await Thing.create({ id, ...this.#thing() });
    for (let id = 1; id <= ids; id += 1) await Order.create({ id, count: this.#small(), thingId: this.#id() });
    for (let id = 1; id <= ids; id += 1) await (await this.#find(id))?.labels.add(this.#labelId(), this.#labelId());
  }

  /** Makes one write, by `run` where it is to be part of something; answers what it was. */
  async next(run: (write: () => Promise<unknown>) => Promise<unknown> = (write) => write()): Promise<string> {
    const [name, write] = this.#random.oneOf(this.#all());
    try {
      await run(write);
      return name;
    } catch (error) {
      if (!(error instanceof Error && refusals.test(error.message))) {
        throw new Error(`${name}: ${String(error)}`, { cause: error });
      }
      return `${name} (refused)`;
    }
  }

  #id(): number {
    return 1 + this.#random.below(ids);
  }

  #labelId(): number {
    return 1 + this.#random.below(5);
  }

  #small(): number {
    return this.#random.below(4);
  }

  #word(): string {
    return this.#random.oneOf(words);
  }

  #thing(): { name: string; kind: number | null; price: string | null; sold: boolean; views: number; shopId: number } {
    const kind = this.#random.below(5) === 0 ? null : this.#small();
    const sold = this.#random.below(2) === 0;
    return {
      name: this.#word(),
      kind,
      price: this.#random.oneOf(prices),
      sold,
      views: this.#small(),
      shopId: this.#id(),
    };
  }

  async #find(id: number): Promise<Thing | undefined> {
    return Thing.objects.noCache().filter({ id }).first();
  }

  async #with(id: number, write: (thing: Thing) => unknown): Promise<void> {
    const thing = await this.#find(id);
    if (thing) await write(thing);
  }

  #all(): readonly (readonly [string, () => Promise<unknown>])[] {
    return [...this.#single(), ...this.#many(), ...this.#links(), ...this.#together()];
  }

  #single(): readonly (readonly [string, () => Promise<unknown>])[] {
    const id = this.#id();
    return [
      [`create thing ${id}`, () => Thing.create({ id, ...this.#thing() })],
      [`create order ${id}`, () => Order.create({ id, count: this.#small(), thingId: this.#id() })],
      [`create shop ${id}`, () => Shop.create({ id, name: this.#word(), region: this.#small() })],
      [`save thing ${id}`, () => this.#with(id, (thing) => Object.assign(thing, this.#thing()).save())],
      [`look at thing ${id}`, () => this.#with(id, (thing) => Object.assign(thing, { views: this.#small() }).save())],
      [`rename thing ${id}`, () => this.#with(id, (thing) => Object.assign(thing, { name: this.#word() }).save())],
      [`move thing ${id}`, () => this.#with(id, (thing) => Object.assign(thing, { kind: this.#small() }).save())],
      [`delete thing ${id}`, () => this.#with(id, (thing) => thing.delete())],
      [`delete shop ${id}`, () => Shop.objects.filter({ id, things__isnull: true }).delete()],
      [`update or create shop ${id}`, () => Shop.objects.updateOrCreate({ id }, { name: this.#word() })],
      [`get or create label`, () => Label.objects.getOrCreate({ name: this.#word() })],
    ];
  }

  #many(): readonly (readonly [string, () => Promise<unknown>])[] {
    const id = this.#id();
    const kind = this.#small();
    return [
      [
        `update things of kind ${kind}`,
        () => Thing.objects.filter({ kind }).update({ name: this.#word(), sold: true }),
      ],
      [`count views of kind ${kind}`, () => Thing.objects.filter({ kind }).update({ views: F('views').plus(1) })],
      [`move orders`, () => Order.objects.filter({ count: kind }).update({ thingId: id })],
      [`delete things of kind ${kind}`, () => Thing.objects.filter({ kind, shop: id }).delete()],
      [`delete orders`, () => Order.objects.filter({ thing__kind: kind, count__gt: 2 }).delete()],
      [`delete shop ${id} with all of its things`, () => Shop.objects.filter({ id }).delete()],
      [`bulkCreate`, () => Order.objects.bulkCreate([{ count: kind, thingId: id }, { count: this.#small() }])],
      [`bulkUpdate`, () => this.#bulkUpdate()],
      [`upsertMany`, () => this.#upsert()],
    ];
  }

  async #bulkUpdate(): Promise<void> {
    const things = await Thing.objects.noCache().filter({ kind: this.#small() }).all();
    for (const thing of things) Object.assign(thing, { name: this.#word(), kind: this.#small() });
    await Thing.objects.bulkUpdate(things, ['name', 'kind']);
  }

  async #upsert(): Promise<void> {
    const keys = [...new Set([this.#id(), this.#id()])];
    await Shop.objects.upsertMany(
      keys.map((id) => ({ id, name: this.#word(), region: this.#small() })),
      { onConflict: ['id'], update: ['name', 'region'] },
    );
  }

  #links(): readonly (readonly [string, () => Promise<unknown>])[] {
    const id = this.#id();
    const label = this.#labelId();
    return [
      [`label thing ${id}`, () => this.#with(id, (thing) => thing.labels.add(label))],
      [`take label off thing ${id}`, () => this.#with(id, (thing) => thing.labels.remove(label))],
      [`set labels of thing ${id}`, () => this.#with(id, (thing) => thing.labels.set([label, this.#labelId()]))],
      [`clear labels of thing ${id}`, () => this.#with(id, (thing) => thing.labels.clear())],
      [
        `set things of label ${label}`,
        async () => {
          const found = await Label.objects.noCache().filter({ id: label }).first();
          await found?.things.set([id, this.#id()]);
        },
      ],
      [`delete label ${label}`, () => Label.objects.filter({ id: label }).delete()],
      [`create label ${label}`, () => Label.create({ id: label, name: this.#word() })],
    ];
  }

  #together(): readonly (readonly [string, () => Promise<unknown>])[] {
    const id = this.#id();
    const several = async (): Promise<void> => {
      await Thing.objects.filter({ id }).update({ kind: this.#small() });
      await this.#with(id, (thing) => thing.labels.set([this.#labelId()]));
      await Shop.objects.filter({ id }).update({ region: this.#small() });
    };
    const failing = async (): Promise<never> => {
      await several();
      throw new Error('roll back');
    };
    return [
      ['transaction', () => transaction(several)],
      ['transaction that is rolled back', () => transaction(failing)],
      [
        'transaction with a savepoint that is rolled back',
        () =>
          transaction(async () => {
            await several();
            await transaction(failing).catch(() => undefined);
          }),
      ],
      [
        `plain SQL on thing ${id}`,
        async () => {
          await this.#db.knex('fuzz_things').where({ id }).update({ name: this.#word(), kind: this.#small() });
          await changed(Thing, [id]);
        },
      ],
      [
        'plain SQL on orders',
        async () => {
          await this.#db.knex('fuzz_orders').where({ count: this.#small() }).update({ count: this.#small() });
          await invalidateModel(Order);
        },
      ],
    ];
  }
}
