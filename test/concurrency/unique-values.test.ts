import { expect } from 'chai';
import { describe, it } from 'mocha';
import { modelCacheOf } from '../../src/model-cache/model-cache.js';
import { UniqueKeys } from '../../src/model-cache/unique-keys.js';
import { schemaOf } from '../../src/schema/schema-of.js';
import { forEachEnvironment, type Environment } from './support/environment.js';
import { Author, scripts } from './support/models.js';

describe('a unique value that a row lost by a write which is not told yet', () => {
  forEachEnvironment((env) => {
    it('leads to the row that got it by a write which was acknowledged', async () => {
      const { slug, heir, told } = await movedHalf(env);
      expect((await Author.cache.get({ slug })).id).to.equal(heir.id);
      await told();
      expect((await Author.cache.get({ slug })).id).to.equal(heir.id);
    });

    it('leads there in computed values too', async () => {
      const reader = await Author.create({ name: 'reader' });
      const compute = async (slug: string): Promise<unknown> => {
        scripts.outer = async () => (await Author.cache.get({ slug })).name;
        return reader.outer(slug);
      };
      const { slug, told } = await movedHalf(env, compute);
      expect(await compute(slug)).to.equal('heir');
      await told();
      expect(await compute(slug)).to.equal('heir');
    });

    it('is asked for again by a value computed of it, wherever it came from', async () => {
      const reader = await Author.create({ name: 'reader' });
      const compute = async (slug: string): Promise<unknown> => {
        scripts.outer = async () => (await Author.cache.find({ slug }))?.name;
        await Author.cache.find({ slug });
        return reader.outer(slug);
      };
      const { slug, heir, told } = await movedHalf(env, compute);
      expect(await compute(slug)).to.equal('heir');
      await told();
      await heir.delete();
      expect(await compute(slug)).to.equal(undefined);
      await Author.create({ name: 'new', slug });
      expect(await compute(slug)).to.equal('new');
    });

    it('is nobody’s for who reads the row anew', async () => {
      const owner = await Author.create({ name: 'owner', slug: `lost-${Math.random()}` });
      const slug = owner.slug ?? '';
      await Author.cache.get({ slug });
      await env.settle();
      await Author.cache.invalidate(owner.id);
      const told = await untold(env, () => Author.objects.filter({ id: owner.id }).update({ slug: null }));
      expect(await Author.cache.find({ slug })).to.equal(undefined);
      await told();
    });

    it('leads there too in a process that remembers where it led, once another has read it', async () => {
      const schema = schemaOf(Author);
      const elsewhere = new UniqueKeys(modelCacheOf(schema), schema); // as another process has its own
      const { slug, heir, told } = await movedHalf(env, (value) => elsewhere.read({ slug: value }));
      expect((await Author.cache.get({ slug })).id).to.equal(heir.id);
      await env.settle();
      expect((await elsewhere.read({ slug })).row).to.include(heir.id);
      await told();
    });

    it('is nobody’s, where the acknowledged write deleted it', async () => {
      const { slug, heir, told } = await movedHalf(env);
      expect((await Author.cache.get({ slug })).id).to.equal(heir.id);
      await heir.delete();
      expect(await Author.cache.find({ slug })).to.equal(undefined);
      await told();
      expect(await Author.cache.find({ slug })).to.equal(undefined);
    });
  });
});

describe('a unique value that a row got by a write which is not told yet', () => {
  forEachEnvironment((env) => {
    it('leads to the row as it has the value, though it is cached without', async () => {
      const heir = await Author.create({ name: 'heir' });
      await Author.cache.get(heir.id);
      await env.settle();
      const slug = `got-${Math.random()}`;
      const told = await untold(env, () => Author.objects.filter({ id: heir.id }).update({ slug }));
      expect(await Author.cache.get({ slug })).to.include({ id: heir.id, slug });
      await told();
      expect(await Author.cache.get({ slug })).to.include({ id: heir.id, slug });
    });
  });
});

/** A write that has been committed, and not told where the store can be held; the answer lets it be told. */
async function untold(env: Environment, write: () => Promise<unknown>): Promise<() => Promise<void>> {
  const drop = env.store?.hold('drop', 'before');
  const writing = write();
  await (drop?.reached ?? writing);
  return async () => {
    drop?.release();
    await writing;
  };
}

interface Moved {
  readonly slug: string;
  readonly heir: Author;
  /** Lets the first write be told, and waits for its end. */
  told(): Promise<void>;
}

/** Everybody knows whose a value is; then that row loses it, untold where the store can be held, and another gets it. */
async function movedHalf(
  env: Environment,
  look = (slug: string): Promise<unknown> => Author.cache.get({ slug }),
): Promise<Moved> {
  const slug = `moved-${Math.random()}`;
  const owner = await Author.create({ name: 'owner', slug });
  const heir = await Author.create({ name: 'heir' });
  for (let time = 0; time < 3; time += 1) {
    await look(slug);
    await env.settle();
  }
  const told = await untold(env, () => Author.objects.filter({ id: owner.id }).update({ slug: null }));
  heir.slug = slug;
  await heir.save();
  return { slug, heir, told };
}
