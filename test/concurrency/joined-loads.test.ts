import { expect } from 'chai';
import { describe, it } from 'mocha';
import { forEachEnvironment } from './support/environment.js';
import { Author, scripts } from './support/models.js';

const selectAuthors = /^SELECT.*"coherence_authors"/;

describe('A9: loads that are shared', () => {
  forEachEnvironment((env) => {
    it('are one for readers that ask while nothing changed', async () => {
      const author = await Author.create({ name: 'old' });
      const before = env.database.texts.length;
      const reading = env.database.hold(selectAuthors, 'before');
      const first = Author.cache.get(author.id);
      await reading.reached;
      const second = Author.cache.get(author.id);
      await env.settle();
      reading.release();
      expect([(await first).name, (await second).name]).to.deep.equal(['old', 'old']);
      expect(await first).to.not.equal(await second);
      expect(env.database.texts.length - before).to.equal(1);
    });

    it('are one for readers by a unique value that ask while nothing changed', async () => {
      const slug = `one-${Math.random()}`;
      const before = env.database.texts.length;
      const reading = env.database.hold(selectAuthors, 'before');
      const first = Author.cache.find({ slug });
      await reading.reached;
      const second = Author.cache.find({ slug });
      await env.settle();
      reading.release();
      expect([await first, await second]).to.deep.equal([undefined, undefined]);
      expect(env.database.texts.length - before).to.equal(1);
    });

    it('never give a reader the row from before a write that was acknowledged when it asked', async () => {
      const author = await Author.create({ name: 'old' });
      const reading = env.database.hold(selectAuthors, 'after');
      const early = Author.cache.get(author.id);
      await reading.reached;
      author.name = 'new';
      await author.save();
      const late = Author.cache.get(author.id);
      await env.settle();
      reading.release();
      expect((await late).name).to.equal('new');
      expect((await early).name).to.equal('old');
    });

    it('never give a reader the row by a unique value from before a write', async () => {
      const author = await Author.create({ name: 'old', slug: `joined-${Math.random()}` });
      const slug = author.slug ?? '';
      const reading = env.database.hold(selectAuthors, 'after');
      const early = Author.cache.find({ slug });
      await reading.reached;
      author.slug = null;
      await author.save();
      const heir = await Author.create({ name: 'heir', slug });
      const late = Author.cache.get({ slug });
      await env.settle();
      reading.release();
      expect((await late).id).to.equal(heir.id);
      await early;
      expect((await Author.cache.get({ slug })).id).to.equal(heir.id);
    });

    it('never give a caller the computed value from before a write that was acknowledged when it asked', async () => {
      const author = await Author.create({ name: 'old' });
      let runs = 0;
      scripts.outer = async () => {
        runs += 1;
        return (await Author.objects.get({ id: author.id })).name;
      };
      const reading = env.database.hold(selectAuthors, 'before');
      const first = author.outer(); // reads its own row through the cache
      await reading.reached;
      const held = env.database.hold(selectAuthors, 'after');
      reading.release();
      await held.reached; // the run has read the old name and acquired nothing since
      author.name = 'new';
      await author.save();
      const late = author.outer();
      await env.settle();
      held.release();
      expect(await late).to.equal('new');
      expect(await first).to.equal('old');
      expect(runs).to.equal(2);
    });

    it('never give a caller the computed value from before a write to something else that it reads', async () => {
      const [author, other] = [await Author.create({ name: 'self' }), await Author.create({ name: 'old' })];
      scripts.outer = async () => {
        const { name } = await Author.cache.get(other.id);
        await Author.objects.filter({ name: 'a second query' }).count();
        return name;
      };
      const counting = env.database.hold(/count\(\*\)/i, 'before');
      const early = author.outer();
      await counting.reached;
      await Author.objects.filter({ id: other.id }).update({ name: 'new' });
      const late = author.outer(); // the stamps of its key are the same: it finds the run
      await env.settle();
      counting.release();
      expect(await late).to.equal('new');
      expect(await early).to.equal('old');
      expect(await author.outer()).to.equal('new');
    });

    it('never give a caller what a run threw because of something from before a write', async () => {
      const [author, other] = [await Author.create({ name: 'self' }), await Author.create({ name: 'old' })];
      let runs = 0;
      scripts.outer = async () => {
        runs += 1;
        const { name } = await Author.cache.get(other.id);
        await Author.objects.filter({ name: 'a second query' }).count();
        if (name === 'old') throw new RangeError('it is old');
        return name;
      };
      const counting = env.database.hold(/count\(\*\)/i, 'before');
      const early = author.outer().catch((error: unknown) => error);
      await counting.reached;
      await Author.objects.filter({ id: other.id }).update({ name: 'new' });
      const late = [1, 2, 3].map(() => author.outer());
      await env.settle();
      counting.release();
      expect(await early).to.be.instanceOf(RangeError);
      expect(await Promise.all(late)).to.deep.equal(['new', 'new', 'new']);
      expect(runs).to.equal(2);
    });

    it('share what a run threw while nothing changed', async () => {
      const author = await Author.create({ name: 'self' });
      let runs = 0;
      scripts.outer = async () => {
        runs += 1;
        await Author.objects.filter({ name: 'x' }).count();
        throw new RangeError('always');
      };
      const counting = env.database.hold(/count\(\*\)/i, 'before');
      const calls = Array.from({ length: 20 }, () => author.outer().catch((error: unknown) => error));
      await counting.reached;
      await env.settle();
      counting.release();
      for (const error of await Promise.all(calls)) expect(error).to.be.instanceOf(RangeError);
      expect(runs).to.equal(1);
    });

    it('are one run for callers that ask while nothing changed', async () => {
      const author = await Author.create({ name: 'self' });
      let runs = 0;
      scripts.outer = async () => {
        runs += 1;
        await Author.objects.filter({ name: 'x' }).count();
        return { runs };
      };
      const counting = env.database.hold(/count\(\*\)/i, 'before');
      const first = author.outer();
      await counting.reached;
      const others = Array.from({ length: 20 }, () => author.outer());
      await env.settle();
      counting.release();
      const values = await Promise.all([first, ...others]);
      expect(runs).to.equal(1);
      expect(new Set(values).size).to.equal(21);
    });
  });
});
