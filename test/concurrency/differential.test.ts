import { isDeepStrictEqual } from 'node:util';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { changed, F, invalidateModel, transaction, type ModelClass } from '../../src/index.js';
import { plainDeep, shown } from '../support/plain.js';
import { isRefusal, RolledBack } from '../support/refusals.js';
import { Random } from '../support/random.js';
import { Environment } from './support/environment.js';
import { Article, Author, Comment, scripts } from './support/models.js';

/*
 * Random writes by every way there is, and after each of them random reads by every way through the cache: each must
 * give what the same read gives without it. DIFFERENTIAL_SEED repeats a run, DIFFERENTIAL_STEPS makes it longer.
 */

const steps = Number(process.env['DIFFERENTIAL_STEPS'] ?? 300);
const ids = 12;
const words = ['a', 'b', 'c', 'B'];

/** A write or a read, with a description for the log of a failure. */
type Action = () => Promise<unknown>;

class Fuzzer {
  readonly random: Random;
  readonly log: string[] = [];
  readonly #env: Environment;

  constructor(env: Environment, random: Random) {
    this.#env = env;
    this.random = random;
  }

  get replay(): string {
    return `DIFFERENTIAL_SEED=${this.random.seed}`;
  }

  /** Any error tells how to see it again, and what was done before. */
  async run(writes: number): Promise<void> {
    try {
      for (let step = 0; step < writes; step += 1) {
        await this.write();
        for (let read = 0; read < 4; read += 1) await this.compare();
      }
    } catch (error) {
      const history = this.log.slice(-15).join('\n  ');
      throw new Error(`${String(error)} (${this.replay})\n  ${history}`, { cause: error });
    }
  }

  id(): number {
    return 1 + this.random.below(ids);
  }

  #slug(): string | null {
    return this.random.below(3) === 0 ? null : `slug-${this.random.below(6)}`;
  }

  #article(): { title: string; category: number; views: number } {
    return { title: this.random.oneOf(words), category: this.random.below(4), views: this.random.below(5) };
  }

  /** Runs a write; one that a constraint refuses changes nothing. */
  async write(): Promise<void> {
    const [name, action] = this.random.oneOf(this.#writes());
    this.log.push(name);
    await action().catch((error: unknown) => {
      if (!isRefusal(error)) throw error;
      this.log.push(`  refused: ${String(error)}`);
    });
  }

  #writes(): readonly (readonly [string, Action])[] {
    const [id, other] = [this.id(), this.id()];
    return [
      [`create author ${id}`, () => Author.create({ id, name: this.random.oneOf(words), slug: this.#slug() })],
      [`create article ${id}`, () => Article.create({ id, ...this.#article(), authorId: other })],
      [`create comment ${id}`, () => Comment.create({ id, text: this.random.oneOf(words), articleId: other })],
      [`save author ${id}`, () => this.#change(Author, id, { name: this.random.oneOf(words), slug: this.#slug() })],
      [`save article ${id}`, () => this.#change(Article, id, { ...this.#article(), authorId: other })],
      [`save cached article ${id}`, () => this.#changeCached(id)],
      [`delete author ${id}`, () => this.#remove(Author, id)],
      [`delete article ${id}`, () => this.#remove(Article, id)],
      [
        `bulkCreate articles`,
        () => Article.objects.bulkCreate([0, 1].map((step) => ({ id: id + step, ...this.#article() }))),
      ],
      [`update articles of ${id % 4}`, () => Article.objects.filter({ category: id % 4 }).update(this.#article())],
      [`update comments`, () => Comment.objects.filter({ articleId: id }).update({ articleId: other })],
      [`delete comments`, () => Comment.objects.filter({ id__gte: id }).delete()],
      [`delete articles of ${id % 4}`, () => Article.objects.filter({ category: id % 4, views: 0 }).delete()],
      [`raw update ${id}`, () => this.#raw(id)],
      [`raw update ${id}, announced by key`, () => this.#rawByKey(id)],
      [`raw delete ${id}, announced by key`, () => this.#rawDelete(id)],
      ...this.#bulkWrites(id, other),
      ['transaction', () => transaction(() => this.#several())],
      [
        'transaction with a savepoint that fails',
        () =>
          transaction(async () => {
            await this.#several();
            await transaction(() => this.#failing()).catch(() => undefined);
          }),
      ],
      ['transaction that is rolled back', () => transaction(() => this.#failing())],
    ];
  }

  #bulkWrites(id: number, other: number): readonly (readonly [string, Action])[] {
    const slug = `slug-${id % 6}`;
    const name = this.random.oneOf(words);
    const ignored = [id, other].map((each) => ({ id: each, name, slug: this.#slug() }));
    return [
      [
        `add to articles of ${id % 4}`,
        () => Article.objects.filter({ category: id % 4 }).update({ views: F('views').plus(1), category: F('views') }),
      ],
      [`bulkUpdate articles`, () => this.#bulkUpdate()],
      [`bulkCreate authors, ignoring conflicts`, () => Author.objects.bulkCreate(ignored, { ignoreConflicts: true })],
      [
        `upsert authors by slug`,
        () =>
          Author.objects.upsertMany(
            [
              { slug, name },
              { slug: `new-${other}`, name },
            ],
            { onConflict: ['slug'] },
          ),
      ],
      [
        `upsert articles by id`,
        () =>
          Article.objects.upsertMany([{ id, ...this.#article(), authorId: other }], {
            onConflict: ['id'],
            update: ['category', 'authorId'],
          }),
      ],
      [`getOrCreate ${slug}`, () => Author.objects.getOrCreate({ slug }, { defaults: { name } })],
      [`updateOrCreate ${slug}`, () => Author.objects.updateOrCreate({ slug }, { name })],
      [`delete authors`, () => Author.objects.filter({ id__in: [id, other] }).delete()],
    ];
  }

  async #bulkUpdate(): Promise<void> {
    const articles = await Article.objects.filter({ id__lte: this.id() }).all();
    if (articles[0]) await this.#interfere(Article, articles[0].id);
    for (const article of articles) Object.assign(article, this.#article());
    await Article.objects.bulkUpdate(articles, ['title', 'category', 'views']);
  }

  async #rawByKey(id: number): Promise<void> {
    await this.#env.db.knex('coherence_articles').where({ id }).update(this.#article());
    await changed(Article, [id]);
  }

  async #rawDelete(id: number): Promise<void> {
    await this.#env.db.knex('coherence_comments').where({ id }).delete();
    await changed(Comment, [id]);
  }

  async #change(model: ModelClass, id: number, values: object): Promise<void> {
    const manager = model as unknown as typeof Author; // both are read and saved alike
    const instance = await manager.objects.get({ id });
    if (this.random.below(3) === 0) await this.#interfere(model, id);
    await Object.assign(instance, values).save();
  }

  async #changeCached(id: number): Promise<void> {
    const article = await Article.cache.get(id);
    await Object.assign(article, this.#article()).save();
  }

  /** Somebody else writes the row that an instance has read. */
  async #interfere(model: ModelClass, id: number): Promise<void> {
    if (model === Article) await Article.objects.filter({ id }).update({ category: this.random.below(4) });
  }

  async #remove(model: ModelClass, id: number): Promise<void> {
    const manager = model as unknown as typeof Author; // as above
    await (await manager.objects.get({ id })).delete();
  }

  async #raw(id: number): Promise<void> {
    await this.#env.db.knex('coherence_articles').where({ id }).update(this.#article());
    await invalidateModel(Article);
  }

  async #several(): Promise<void> {
    await Article.objects.filter({ id: this.id() }).update(this.#article());
    await Author.objects.filter({ id: this.id() }).update({ name: this.random.oneOf(words) });
    await Article.cache.find(this.id());
  }

  async #failing(): Promise<never> {
    await this.#several();
    await Author.objects.filter({ id: this.id() }).delete();
    throw new RolledBack();
  }

  /** One read through the cache, and the same read without it. */
  async compare(): Promise<void> {
    const [name, cached, uncached] = this.random.oneOf(this.#reads());
    const [got, wanted] = [plainDeep(await cached()), plainDeep(await uncached())];
    if (isDeepStrictEqual(got, wanted)) return;
    throw new Error(`${name}: cached ${shown(got)}, uncached ${shown(wanted)}`);
  }

  #reads(): readonly (readonly [string, Action, Action])[] {
    const id = this.id();
    const slug = `slug-${this.random.below(6)}`;
    const list = [this.id(), this.id(), this.id()];
    return [
      [`author ${id}`, () => Author.cache.find(id), () => Author.objects.filter({ id }).first()],
      [`article ${id}`, () => Article.cache.find(id), () => Article.objects.filter({ id }).first()],
      [`comment ${id}`, () => Comment.cache.find(id), () => Comment.objects.filter({ id }).first()],
      [
        `articles ${list.join()}`,
        () => Article.cache.getMany(list),
        () => Promise.all(list.map((each) => Article.objects.filter({ id: each }).first())),
      ],
      [`author of ${slug}`, () => Author.cache.find({ slug }), () => Author.objects.filter({ slug }).first()],
      [`author of article ${id}`, () => this.#authorOf(id), () => this.#joined(id)],
      [`computed for ${id}`, () => this.#computed(id, 'outer'), () => this.#facts(id)],
      [`computed inside for ${id}`, () => this.#computed(id, 'inner'), async () => [await this.#facts(id), id]],
    ];
  }

  async #authorOf(id: number): Promise<unknown> {
    const article = await Article.cache.find(id);
    return (await article?.author) ?? undefined;
  }

  async #joined(id: number): Promise<unknown> {
    const article = await Article.objects.filter({ id }).first();
    return article?.authorId ? Author.objects.filter({ id: article.authorId }).first() : undefined;
  }

  async #computed(id: number, method: 'outer' | 'inner'): Promise<unknown> {
    const author = await Author.cache.find(id);
    if (!author) return method === 'outer' ? undefined : [undefined, id];
    return author[method]();
  }

  /** What the computed method says of an author, by plain queries. */
  async #facts(id: number): Promise<unknown> {
    const author = await Author.objects.filter({ id }).first();
    return author && factsOf(author);
  }
}

async function factsOf(author: Author): Promise<unknown> {
  const top = await Article.objects
    .filter({ author, category__in: [1, 2] })
    .orderBy('-views', 'id')
    .limit(2)
    .all();
  return {
    name: author.name,
    articles: await Article.objects.filter({ author }).count(),
    inCategory: await Article.objects.filter({ category: author.id % 4 }).count(),
    views: await Article.objects.filter({ views__gte: 3 }).exclude({ title: 'a' }).count(),
    comments: await Comment.objects.filter({ articleId: author.id }).exists(),
    top: top.map(({ title }) => title),
  };
}

describe('every cached read equals the same read without the cache', () => {
  for (const databaseKind of ['sqlite', 'postgres'] as const) {
    for (const storeKind of ['memory', 'redis'] as const) {
      describe(`on ${databaseKind} and ${storeKind}`, () => {
        const env = new Environment(databaseKind, storeKind);
        before(() => env.open());
        after(() => env.close());

        it(`after each of ${steps} random writes`, async function () {
          this.timeout(0);
          scripts.outer = factsOf;
          scripts.inner = async (author) => [await author.outer(), author.id];
          const fuzzer = new Fuzzer(env, Random.fromEnvironment('DIFFERENTIAL_SEED'));
          await fuzzer.run(steps);
          expect(env.db.stats().hits, `${fuzzer.replay}: reads that the cache answered`).to.be.above(steps / 4);
        });
      });
    }
  }
});
