import { expect } from 'chai';
import {
  CachedModel,
  Column,
  PrimaryKey,
  Table,
  type CacheManager,
  type Conditions,
  type Manager,
} from '../../../src/index.js';
import { forEachCombination } from '../../setup/combinations.js';
import { connected } from '../../support/connected.js';

@Table('lookups_notes', { label: 'lookups.Note' })
class Note extends CachedModel {
  declare static objects: Manager<Note>;
  declare static cache: CacheManager<Note>;

  @PrimaryKey() declare id: number;
  @Column({ type: 'text', nullable: true }) declare text: string | null;
  @Column({ type: 'enum', values: ['red', 'Green', 'blue'], nullable: true }) declare colour:
    'red' | 'Green' | 'blue' | null;
  @Column({ type: 'float', nullable: true }) declare weight: number | null;
  @Column({ type: 'binary', nullable: true }) declare bytes: Buffer | null;
  @Column({ type: 'json', nullable: true }) declare meta: unknown;
}

/** The texts of the notes that match, in the order in which they were stored. */
async function texts(conditions: Conditions<Note>): Promise<(string | null)[]> {
  const notes = await Note.objects
    .filter(conditions as Record<string, unknown>)
    .orderBy('id')
    .all();
  return notes.map(({ text }) => text);
}

async function store(...values: readonly string[]): Promise<void> {
  await Note.objects.bulkCreate(values.map((text) => ({ text })));
}

forEachCombination((combination) => {
  describe('text lookups', () => {
    connected(combination, [Note]);

    it('tell capital letters from small ones, unless they begin with an i', async () => {
      await store('Hello', 'hello', 'HELLO', 'jello');
      await Note.create({ text: null });
      expect(await texts({ text: 'hello' })).to.deep.equal(['hello']);
      expect(await texts({ text__iexact: 'heLLo' })).to.deep.equal(['Hello', 'hello', 'HELLO']);
      expect(await texts({ text__contains: 'ell' })).to.deep.equal(['Hello', 'hello', 'jello']);
      expect(await texts({ text__icontains: 'eLl' })).to.deep.equal(['Hello', 'hello', 'HELLO', 'jello']);
      expect(await texts({ text__startswith: 'He' })).to.deep.equal(['Hello']);
      expect(await texts({ text__istartswith: 'He' })).to.deep.equal(['Hello', 'hello', 'HELLO']);
      expect(await texts({ text__endswith: 'LO' })).to.deep.equal(['HELLO']);
      expect(await texts({ text__iendswith: 'LO' })).to.deep.equal(['Hello', 'hello', 'HELLO', 'jello']);
    });

    it('take small letters as Unicode has them, whatever the locale', async () => {
      await store(
        'ÄRGER',
        'ärger',
        'İstanbul',
        'istanbul',
        'STRASSE',
        'straße',
        'ẞ',
        'ΣΊΣΥΦΟΣ',
        '🦊 Fuchs',
        'ＷＩＤＥ',
      );
      expect(await texts({ text__iexact: 'Ärger' })).to.deep.equal(['ÄRGER', 'ärger']);
      expect(await texts({ text__icontains: 'ÄR' })).to.deep.equal(['ÄRGER', 'ärger']);
      expect(await texts({ text__istartswith: 'i̇s' })).to.deep.equal(['İstanbul']);
      expect(await texts({ text__istartswith: 'İS' })).to.deep.equal(['İstanbul']);
      expect(await texts({ text__istartswith: 'IS' })).to.deep.equal(['istanbul']);
      expect(await texts({ text__icontains: 'ß' })).to.deep.equal(['straße', 'ẞ']);
      expect(await texts({ text__iexact: 'strasse' })).to.deep.equal(['STRASSE']);
      expect(await texts({ text__iexact: 'σίσυφος' })).to.deep.equal(['ΣΊΣΥΦΟΣ']);
      expect(await texts({ text__istartswith: '🦊 FU' })).to.deep.equal(['🦊 Fuchs']);
      expect(await texts({ text__contains: '🦊' })).to.deep.equal(['🦊 Fuchs']);
      expect(await texts({ text__icontains: 'ｗｉｄｅ' })).to.deep.equal(['ＷＩＤＥ']);
    });

    it('take every character for itself', async () => {
      const special = [
        '100%',
        '100 percent',
        'a_b',
        'axb',
        'back\\slash',
        'star*',
        'what?',
        '[set]',
        's',
        "it's",
        'a"b',
        '^x$',
        'line\nbreak',
      ];
      await store(...special);
      for (const text of special) {
        const containing = special.filter((other) => other.includes(text));
        expect(await texts({ text__contains: text }), text).to.deep.equal(containing);
        expect(await texts({ text__icontains: text }), text).to.deep.equal(containing);
        expect(await texts({ text__startswith: text }), text).to.deep.equal(
          special.filter((other) => other.startsWith(text)),
        );
        expect(await texts({ text__endswith: text }), text).to.deep.equal(
          special.filter((other) => other.endsWith(text)),
        );
        expect(await texts({ text__iendswith: text }), text).to.deep.equal(
          special.filter((other) => other.endsWith(text)),
        );
      }
      for (const part of ['%', '_', '\\', '*', '?', '[', ']', '[s', 'e]']) {
        expect(await texts({ text__contains: part }), part).to.deep.equal(
          special.filter((other) => other.includes(part)),
        );
        expect(await texts({ text__startswith: part }), part).to.deep.equal(
          special.filter((other) => other.startsWith(part)),
        );
        expect(await texts({ text__iendswith: part }), part).to.deep.equal(
          special.filter((other) => other.endsWith(part)),
        );
      }
    });

    it('find every text that is not null by the empty one', async () => {
      await store('', 'x');
      await Note.create({ text: null });
      for (const lookup of ['contains', 'icontains', 'startswith', 'istartswith', 'endswith', 'iendswith'] as const) {
        expect(await texts({ [`text__${lookup}`]: '' }), lookup).to.deep.equal(['', 'x']);
      }
      expect(await texts({ text__iexact: '' })).to.deep.equal(['']);
    });

    it('take texts of 16,000 characters', async () => {
      const long = '*?['.repeat(5333);
      await store(long, `${long}x`);
      expect(await texts({ text__startswith: long })).to.have.length(2);
      expect(await texts({ text__endswith: long })).to.have.length(1);
      expect(await texts({ text__icontains: long })).to.have.length(2);
    });

    it('match regular expressions', async () => {
      await store('abc', 'ABC', 'a1c', 'line\nbreak', 'x.y');
      expect(await texts({ text__regex: '^a.c$' })).to.deep.equal(['abc', 'a1c']);
      expect(await texts({ text__regex: 'b' })).to.deep.equal(['abc', 'line\nbreak']);
      expect(await texts({ text__regex: '^line.break$' })).to.deep.equal(['line\nbreak']);
      expect(await texts({ text__regex: '[0-9]|[A-Z]{3}' })).to.deep.equal(['ABC', 'a1c']);
      expect(await texts({ text__regex: 'x\\.y' })).to.deep.equal(['x.y']);
      expect(await texts({ text__regex: "'; DROP" })).to.deep.equal([]);
    });

    it('search enums, also by parts of their values', async () => {
      await Note.objects.bulkCreate([{ text: 'r', colour: 'red' }, { text: 'g', colour: 'Green' }, { text: 'n' }]);
      expect(await texts({ colour__icontains: 'G' })).to.deep.equal(['g']);
      expect(await texts({ colour__startswith: 'r' })).to.deep.equal(['r']);
    });

    it('are negated like every other condition', async () => {
      await store('abc', 'xyz');
      await Note.create({ text: null });
      const left = await Note.objects.exclude({ text__contains: 'b' }).orderBy('id').all();
      expect(left.map(({ text }) => text)).to.deep.equal(['xyz', null]);
    });
  });

  describe('in', () => {
    connected(combination, [Note]);

    it('takes 100,000 values of every kind', async () => {
      await Note.objects.bulkCreate([
        { text: 'a', weight: 0.1 + 0.2, bytes: Buffer.from([0, 255]) },
        { text: 'b', weight: Infinity, bytes: Buffer.alloc(0) },
      ]);
      const floats = Array.from({ length: 99_998 }, (_, n) => n / 7);
      expect(await texts({ weight__in: [...floats, 0.1 + 0.2, Infinity] })).to.deep.equal(['a', 'b']);
      const bytes = Array.from({ length: 99_998 }, (_, n) => Buffer.from(`b${n}`));
      expect(await texts({ bytes__in: [...bytes, Buffer.from([0, 255]), Buffer.alloc(0)] })).to.deep.equal(['a', 'b']);
      const words = Array.from({ length: 99_999 }, (_, n) => `"w',${n}`);
      expect(await texts({ text__in: [...words, 'b'] })).to.deep.equal(['b']);
    });
  });

  describe('JSON', () => {
    connected(combination, [Note]);

    const values: readonly (readonly [string, unknown])[] = [
      ['text', { v: 'one', a: { b: { c: 'deep' } } }],
      ['number', { v: 1 }],
      ['fraction', { v: 1.5 }],
      ['true', { v: true }],
      ['false', { v: false }],
      ['null', { v: null }],
      ['digits', { v: '1' }],
      ['list', { v: ['one'] }],
      ['object', { v: { one: 1 } }],
      ['missing', { w: 1 }],
      ['scalar', 'one'],
    ];
    beforeEach(async () => {
      await Note.objects.bulkCreate([...values.map(([text, meta]) => ({ text, meta })), { text: 'none' }]);
    });

    it('is compared inside, by kind and value', async () => {
      expect(await texts({ meta__v: 'one' })).to.deep.equal(['text']);
      expect(await texts({ meta__v: 1 })).to.deep.equal(['number']);
      expect(await texts({ meta__v: 1.5 })).to.deep.equal(['fraction']);
      expect(await texts({ meta__v: true })).to.deep.equal(['true']);
      expect(await texts({ meta__v: false })).to.deep.equal(['false']);
      expect(await texts({ meta__v: '1' })).to.deep.equal(['digits']);
      expect(await texts({ meta__v__in: [1, 'one', true, 0.1] })).to.deep.equal(['text', 'number', 'true']);
      expect(await texts({ meta__v__in: [] })).to.deep.equal([]);
      expect(await texts({ meta__a__b__c: 'deep' })).to.deep.equal(['text']);
      expect(await texts({ meta__v__one: 1 })).to.deep.equal(['object']);
    });

    it('is null where nothing is there, or a null', async () => {
      const nothing = ['null', 'missing', 'scalar', 'none'];
      expect(await texts({ meta__v__isnull: true })).to.deep.equal(nothing);
      expect(await texts({ meta__v: null })).to.deep.equal(nothing);
      expect(await texts({ meta__v__isnull: false })).to.have.length(values.length + 1 - nothing.length);
      expect(await texts({ meta__isnull: true })).to.deep.equal(['none']);
    });

    it('has an order among numbers, and among texts', async () => {
      expect(await texts({ meta__v__gt: 1 })).to.deep.equal(['fraction']);
      expect(await texts({ meta__v__gte: 1 })).to.deep.equal(['number', 'fraction']);
      expect(await texts({ meta__v__lt: 1.25 })).to.deep.equal(['number']);
      expect(await texts({ meta__v__range: [1.25, 2] })).to.deep.equal(['fraction']);
      expect(await texts({ meta__v__gt: '1' })).to.deep.equal(['text']);
      expect(await texts({ meta__v__lte: '1' })).to.deep.equal(['digits']);
      expect(await texts({ meta__v__range: ['a', 'p'] })).to.deep.equal(['text']);
    });

    it('excluded leaves what is not there', async () => {
      const left = await Note.objects
        .exclude({ meta__v__in: ['one', 1] })
        .orderBy('id')
        .all();
      expect(left.map(({ text }) => text)).to.have.length(values.length + 1 - 2);
    });

    it('is found by any name that is a name', async () => {
      await Note.create({ text: 'odd', meta: { "it's": 1, 'a.b': { $: 2 }, in: 3, 'ä ö': 4 } });
      expect(await texts({ "meta__it's": 1 })).to.deep.equal(['odd']);
      expect(await texts({ 'meta__a.b__$': 2 })).to.deep.equal(['odd']);
      expect(await texts({ meta__in__exact: 3 })).to.deep.equal(['odd']);
      expect(await texts({ 'meta__ä ö': 4 })).to.deep.equal(['odd']);
      expect(await texts({ "meta__x' OR 1=1 --": 4 })).to.deep.equal([]);
    });
  });
});
