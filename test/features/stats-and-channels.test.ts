import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import {
  CachedModel,
  Column,
  connect,
  moneyclip,
  PrimaryKey,
  Table,
  transaction,
  type CacheManager,
  type Database,
  type Manager,
} from '../../src/index.js';
import type { CacheEvent, ComputeEvent, InvalidationEvent, QueryEvent } from '../../src/telemetry/channels.js';

let produce: () => unknown = () => 1;

@Table('told_items', { label: 'told.Item' })
class Item extends CachedModel {
  declare static objects: Manager<Item>;
  declare static cache: CacheManager<Item>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'string' }) declare name: string;

  @moneyclip()
  async value(): Promise<unknown> {
    return produce();
  }
}

describe('what the library tells about itself', () => {
  let db: Database;
  let item: Item;
  let stop: () => void;

  beforeEach(async () => {
    db = await connect({ database: 'sqlite::memory:' });
    await db.createTables([Item]);
    item = await Item.create({ name: 'secret' });
    produce = () => 1;
    stop = () => undefined;
  });

  afterEach(async () => {
    stop();
    await db.close();
  });

  function eventsOf<Event>(channel: string): Event[] {
    const events: Event[] = [];
    const note = (event: unknown): void => void events.push(event as Event); // what this channel carries
    subscribe(channel, note);
    stop = () => unsubscribe(channel, note);
    return events;
  }

  describe('db.stats()', () => {
    it('counts hits, misses, fills, bypasses and invalidations of each model and computed value', async () => {
      await Item.cache.get(item.id);
      await Item.cache.get(item.id);
      await item.value();
      await item.value();
      await transaction(() => Item.cache.get(item.id));
      item.name = 'other';
      await item.save();
      const { labels, ...sum } = db.stats();
      expect(labels['told.Item']).to.deep.include({ hits: 2, misses: 1, fills: 1, bypasses: 1, invalidations: 2 });
      expect(labels['told.Item.value']).to.deep.include({
        hits: 1,
        misses: 1,
        fills: 1,
        bypasses: 0,
        invalidations: 0,
      });
      expect(sum).to.deep.include({ hits: 3, misses: 2, fills: 2, bypasses: 1, invalidations: 2 });
      expect(labels['told.Item']?.bytes).to.be.above(100);
    });

    it('counts statements, with those that begin and end transactions', async () => {
      const { statements } = db.stats();
      await transaction(() => Item.objects.filter({ id: 1 }).count());
      expect(db.stats().statements - statements).to.equal(3);
    });

    it('gives a copy', async () => {
      const { labels } = db.stats();
      await Item.cache.get(item.id);
      expect(labels['told.Item']?.misses ?? 0).to.equal(0);
    });
  });

  it('moneyclip:cache tells each use of the cache, and why', async () => {
    const events = eventsOf<CacheEvent>('moneyclip:cache');
    await Item.cache.get(item.id);
    await Item.cache.get(item.id);
    await transaction(() => Item.cache.get(item.id));
    expect(
      events.filter(({ outcome }) => outcome !== 'fill').map(({ label, outcome, reason }) => [label, outcome, reason]),
    ).to.deep.equal([
      ['told.Item', 'miss', undefined],
      ['told.Item', 'hit', undefined],
      ['told.Item', 'bypass', 'inside a transaction'],
    ]);
  });

  it('moneyclip:invalidation tells which stamps a write dropped', async () => {
    const events = eventsOf<InvalidationEvent>('moneyclip:invalidation');
    item.name = 'other';
    await item.save();
    expect(events).to.have.length(1);
    expect(events[0]?.label).to.equal('told.Item');
    expect(events[0]?.stamps).to.have.members(['t:told_items', `r:told_items:${item.id}`]);
    expect(events[0]?.durationMs).to.be.within(0, 1000);
  });

  it('moneyclip:invalidation tells nothing of what was rolled back, and once of a transaction', async () => {
    const events = eventsOf<InvalidationEvent>('moneyclip:invalidation');
    await transaction(async () => {
      item.name = 'never';
      await item.save();
      throw new Error('roll back');
    }).catch(() => undefined);
    expect(events.filter(({ stamps }) => stamps.length > 0)).to.deep.equal([]);
    await transaction(async () => {
      for (const name of ['a', 'b', 'c']) {
        item.name = name;
        await item.save();
      }
    });
    expect(events.filter(({ stamps }) => stamps.length > 0)).to.have.length(1);
  });

  it('moneyclip:compute tells each run, with its error', async () => {
    const events = eventsOf<ComputeEvent>('moneyclip:compute');
    await item.value();
    await item.value();
    produce = () => {
      throw new RangeError('fails');
    };
    await moneyclip
      .of(Item, 'value')
      .refresh(item)
      .catch(() => undefined);
    expect(events.map(({ label, error }) => [label, error?.message])).to.deep.equal([
      ['told.Item.value', undefined],
      ['told.Item.value', 'fails'],
    ]);
    for (const { durationMs } of events) expect(durationMs).to.be.within(0, 1000);
  });

  it('moneyclip:query tells the SQL, never the values', async () => {
    const events = eventsOf<QueryEvent>('moneyclip:query');
    item.name = 'very secret';
    await item.save();
    await Item.cache.get(item.id);
    expect(events.map(({ model, connection }) => [model, connection])).to.deep.equal([
      ['told.Item', 'default'],
      ['told.Item', 'default'],
    ]);
    expect(events[0]?.text).to.match(/^UPDATE "told_items" SET "name" = \?/);
    expect(JSON.stringify(events)).to.not.include('secret');
  });
});
