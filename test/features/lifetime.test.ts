import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import {
  CachedModel,
  Column,
  connect,
  MemoryStore,
  moneyclip,
  PrimaryKey,
  Table,
  type CacheManager,
  type Database,
  type Manager,
} from '../../src/index.js';
import { isDueEarly, jitteredTtl } from '../../src/cache/lifetime.js';
import { CountingStore, FakeClock, FlakyStore } from '../../src/testing/index.js';
import { Random } from '../support/random.js';

let makeBadge: (name: string) => Promise<string> = async (name) => name;

@Table('lifetime_people', { label: 'lifetime.Person' })
class Person extends CachedModel {
  declare static objects: Manager<Person>;
  declare static cache: CacheManager<Person>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;
  @Column({ type: 'string', unique: true, nullable: true }) declare slug: string | null;

  @moneyclip({ ttl: '10m' })
  async badge(): Promise<string> {
    return makeBadge(this.name);
  }

  @moneyclip({ ttl: '1d' })
  async longBadge(): Promise<string> {
    return makeBadge(this.name);
  }
}

const minute = 60_000;
const hour = 60 * minute;
const seed = 20240229;
const entry = (expiresAt: number, costMs: number) => ({
  createdAt: 0,
  expiresAt,
  costMs,
  softExpiresAt: undefined,
  stamps: [],
  dependencies: undefined,
  payload: null,
});

describe('the life of an entry', () => {
  const systemRandom = Math.random;
  let clock: FakeClock;
  let db: Database;
  let person: Person;

  async function open(options: object = {}): Promise<void> {
    clock = new FakeClock();
    const cache = new MemoryStore({ clock });
    db = await connect({ database: 'sqlite::memory:', cache, clock, ...options });
    await db.createTables([Person]);
    person = await Person.create({ name: 'ann' });
    makeBadge = async (name) => name;
  }

  const state = async (id = person.id): Promise<string> => {
    const { state: found, reason } = await Person.cache.explain(id);
    return found === 'hit' ? 'hit' : reason;
  };

  beforeEach(() => {
    Math.random = () => 0.5; // no jitter, unless a test says so
  });

  afterEach(async () => {
    Math.random = systemRandom;
    await db.close();
  });

  it('is one hour by default', async () => {
    await open();
    await Person.cache.get(person.id);
    clock.advance(hour - 1);
    expect(await state()).to.equal('hit');
    clock.advance(1);
    expect(await state()).to.equal('the entry has reached its ttl');
  });

  it('is what the connection, then what the policy of the model says', async () => {
    await open({ ttl: '5m', policies: { 'lifetime.*': { ttl: { get: '30s' } } } });
    await Person.cache.get(person.id);
    expect((await Person.cache.explain(person.id)).ttlMs).to.equal(30_000);
    clock.advance(30_000);
    expect(await state()).to.equal('the entry has reached its ttl');
  });

  it('of "there is no such row" is the negative ttl, for keys and for unique values', async () => {
    await open({ negativeTtl: '20s' });
    await Person.cache.find(4711);
    await Person.cache.find({ slug: 'nobody' });
    clock.advance(19_999);
    expect(await state(4711)).to.equal('hit');
    const { misses } = db.stats();
    await Person.cache.find({ slug: 'nobody' });
    expect(db.stats().misses).to.equal(misses);
    clock.advance(1);
    expect(await state(4711)).to.equal('the entry has reached its ttl');
    const { statements } = db.stats();
    await Person.cache.find({ slug: 'nobody' });
    expect(db.stats().statements - statements).to.equal(1);
  });

  it('of "there is no such row" is never longer than the ttl', async () => {
    await open({ ttl: '10s' });
    await Person.cache.find(4711);
    expect((await Person.cache.explain(4711)).ttlMs).to.equal(10_000);
  });

  it('of a computed value is the declared one', async () => {
    await open();
    await person.badge();
    const badge = moneyclip.of(Person, 'badge');
    clock.advance(10 * minute - 1);
    expect(await badge.peek(person)).to.equal('ann');
    clock.advance(1);
    expect(await badge.peek(person)).to.equal(undefined);
    expect((await badge.explain(person)).reason).to.equal('the entry has reached its ttl');
  });

  it('of a computed value may be longer than that of all rows, also in a store that lets stamps go', async () => {
    await open();
    await db.close();
    db = await connect({
      database: 'sqlite::memory:',
      cache: new FlakyStore(new MemoryStore({ clock })),
      clock,
      ttl: '1m',
    });
    await db.createTables([Person]);
    person = await Person.create({ name: 'ann' });
    makeBadge = async (name) => `${name} of ${await Person.objects.filter({ slug: 'x' }).count()}`;
    await person.longBadge();
    clock.advance(23 * hour);
    expect(await moneyclip.of(Person, 'longBadge').peek(person)).to.equal('ann of 0');
    clock.advance(2 * hour);
    expect(await moneyclip.of(Person, 'longBadge').peek(person)).to.equal(undefined);
  });

  it('varies by 10 %, so that what was stored together does not end together', async () => {
    await open();
    const bounds = [() => 0, () => 0.999_999_999].map((random) => jitteredTtl(hour, random));
    expect(bounds).to.deep.equal([54 * minute, 66 * minute]);
    const random = new Random(seed);
    Math.random = () => random.fraction();
    const people = await Person.objects.bulkCreate(Array.from({ length: 50 }, () => ({ name: 'x' })));
    await Person.cache.getMany(people.map(({ id }) => id));
    const lives = await Promise.all(people.map(async ({ id }) => (await Person.cache.explain(id)).ttlMs ?? 0));
    expect(new Set(lives).size).to.be.above(40);
    expect(Math.min(...lives)).to.be.at.least(0.9 * hour);
    expect(Math.max(...lives)).to.be.at.most(1.1 * hour);
  });

  describe('early refresh', () => {
    it('is the likelier the nearer the end and the dearer the value', () => {
      const random = new Random(seed);
      const share = (remainingMs: number, costMs: number): number => {
        let due = 0;
        for (let draw = 0; draw < 10_000; draw += 1) {
          due += Number(isDueEarly(entry(remainingMs, costMs), 0, () => random.fraction()));
        }
        return due / 10_000;
      };
      expect(share(1000, 1000)).to.be.closeTo(Math.exp(-1), 0.02);
      expect(share(3000, 1000)).to.be.closeTo(Math.exp(-3), 0.01);
      expect(share(1000, 100)).to.be.below(0.001);
      expect(share(41_000, 1000)).to.equal(0);
      expect(
        isDueEarly(entry(1, 0), 0, () => 1e-300),
        'a value that took no time',
      ).to.equal(false);
    });

    async function dear(): Promise<void> {
      await open();
      makeBadge = async (name) => {
        clock.advance(1000); // what it costs
        return `${name} at ${clock.now()}`;
      };
      await person.badge();
      clock.advance(10 * minute - 1500);
    }

    it('makes the value anew while readers still get the old one', async () => {
      await dear();
      const old = await moneyclip.of(Person, 'badge').peek(person);
      Math.random = () => 0.9;
      expect(await person.badge(), 'this reader is not the one').to.equal(old);
      await new Promise((resolve) => setImmediate(resolve));
      expect(await moneyclip.of(Person, 'badge').peek(person)).to.equal(old);
      Math.random = () => 0.1;
      expect(await person.badge(), 'this one is, and does not wait').to.equal(old);
      await new Promise((resolve) => setImmediate(resolve));
      expect(await moneyclip.of(Person, 'badge').peek(person)).to.not.equal(old);
    });

    it('is made once, however many readers are due', async () => {
      await dear();
      let runs = 0;
      makeBadge = async () => {
        runs += 1;
        await new Promise((resolve) => setImmediate(resolve));
        return 'new';
      };
      Math.random = () => 0.001;
      await Promise.all(Array.from({ length: 50 }, () => person.badge()));
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      expect(runs).to.equal(1);
      Math.random = () => 0.5;
      expect(await person.badge()).to.equal('new');
    });

    it('that fails costs nothing: the value lives on to its end', async () => {
      await dear();
      const old = await moneyclip.of(Person, 'badge').peek(person);
      makeBadge = async () => {
        throw new Error('fails');
      };
      Math.random = () => 0.001;
      expect(await person.badge()).to.equal(old);
      await new Promise((resolve) => setImmediate(resolve));
      expect(await person.badge()).to.equal(old);
    });

    it('stores nothing that a write has outdated meanwhile', async () => {
      await dear();
      const seen: string[] = [];
      let goOn: () => void = () => undefined;
      makeBadge = async (name) => {
        seen.push(name);
        await new Promise<void>((resolve) => (goOn = resolve));
        return name;
      };
      Math.random = () => 0.001;
      await person.badge();
      while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
      Math.random = () => 0.5;
      person.name = 'anna';
      await person.save();
      goOn();
      await new Promise((resolve) => setImmediate(resolve));
      makeBadge = async (name) => name;
      expect(await person.badge()).to.equal('anna');
    });

    it('of a row reads it once', async () => {
      clock = new FakeClock();
      const cache = new CountingStore(new MemoryStore({ clock }));
      db = await connect({ database: 'sqlite::memory:', cache, clock });
      await db.createTables([Person]);
      person = await Person.create({ name: 'ann' });
      const reading = Person.cache.get(person.id);
      clock.advance(1000); // the read took a second
      await reading;
      clock.advance(hour - 1500);
      Math.random = () => 0.001;
      const { statements } = db.stats();
      await Promise.all(Array.from({ length: 20 }, () => Person.cache.get(person.id)));
      await new Promise((resolve) => setImmediate(resolve));
      expect(db.stats().statements - statements).to.equal(1);
      Math.random = () => 0.5;
      expect((await Person.cache.explain(person.id)).ttlMs).to.be.above(53 * minute);
    });
  });
});
