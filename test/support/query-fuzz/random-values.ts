import type { QuerySet } from '../../../src/index.js';
import type { Random } from '../random.js';
import {
  bigs,
  codes,
  days,
  documents,
  grades,
  ids,
  moments,
  prices,
  roles,
  seals,
  weights,
  words,
} from './fuzz-values.js';
import type { Club, License, Maker, Thing } from './fuzz-models.js';

type Columns<T, K extends keyof T> = { -readonly [P in K]: T[P] };

/** Values of rows, by chance. */
export class RandomValues {
  readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  id(): number {
    return 1 + this.random.below(ids);
  }

  labelId(): number {
    return 1 + this.random.below(5);
  }

  small(): number {
    return this.random.below(4);
  }

  word(): string {
    return this.random.oneOf(words);
  }

  role(): string {
    return this.random.oneOf(roles);
  }

  moment(): Date | null {
    return this.#orNull(this.random.oneOf(moments));
  }

  document(): unknown {
    return this.#orNull(structuredClone(this.random.oneOf(documents)));
  }

  thing(): Columns<Thing, 'name' | 'kind' | 'price' | 'sold' | 'views' | 'shopId' | 'makerId'> {
    return {
      name: this.word(),
      kind: this.#orNull(this.small()),
      price: this.#orNull(this.random.oneOf(prices)),
      sold: this.random.below(2) === 0,
      views: this.small(),
      shopId: this.id(),
      makerId: this.#orNull(this.id()),
    };
  }

  maker(): Columns<Maker, 'name' | 'born' | 'made' | 'weight' | 'data' | 'bossId'> {
    return {
      name: this.random.below(2) === 0 ? null : this.word(),
      born: this.moment(),
      made: this.random.oneOf(bigs),
      weight: this.#orNull(this.random.oneOf(weights)),
      data: this.document(),
      bossId: this.#orNull(this.id()),
    };
  }

  license(): Columns<License, 'day' | 'grade' | 'code' | 'seal' | 'marks'> {
    return {
      day: this.#orNull(this.random.oneOf(days)),
      grade: this.random.oneOf(grades),
      code: this.random.below(2) === 0 ? null : this.random.oneOf(codes),
      seal: this.#orNull(this.random.oneOf(seals)),
      marks: this.#orNull([this.small(), this.#orNull(this.small())]),
    };
  }

  club(): Columns<Club, 'ownerId' | 'guestIds'> {
    const guestIds = Array.from({ length: this.small() }, () => this.id());
    return { ownerId: this.random.below(2) === 0 ? null : this.id(), guestIds };
  }

  /** Does something to a row, if it is there, as the database or the cache gives it. */
  async with<T extends object>(rows: QuerySet<T>, id: number, write: (row: T) => unknown): Promise<void> {
    const some = this.random.below(3) === 0 ? rows.cache() : rows.noCache();
    const row = await some.filter({ id } as Record<string, unknown>).first();
    if (row) await write(row);
  }

  #orNull<T>(value: T): T | null {
    return this.random.below(5) === 0 ? null : value;
  }
}
