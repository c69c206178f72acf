import { expect } from 'chai';
import { connect, Q, UsageError, type Database } from '../../src/index.js';
import { freshDatabase } from '../setup/fresh.js';
import { Book, bookshopModels, fillBookshop } from '../support/bookshop-models.js';
import { thrown } from '../support/rejection.js';

/** What the types refuse and a caller without types may pass all the same. */
const untyped = (value: unknown): never => value as never;

for (const kind of ['sqlite-memory', 'postgres'] as const) {
  describe(`conditions beyond measure on ${kind}`, () => {
    let db: Database;

    before(async () => {
      db = await connect({ database: await freshDatabase(kind) });
      await db.createTables(bookshopModels);
      await fillBookshop();
    });
    after(() => db.close());

    it('are taken however many stand side by side', async () => {
      for (const many of [1000, 5000]) {
        const titles = Array.from({ length: many }, (_, index) => ({ title: `t${index}` }));
        const any = Q.or(...titles, { title: 'a' });
        expect(await Book.objects.filter(any).ids()).to.deep.equal([1]);
        expect(await Book.objects.filter(Q.and(...titles.map((one) => Q.not(one)))).count()).to.equal(5);
        expect(await Book.objects.exclude(any).orderBy('id').ids()).to.deep.equal([2, 3, 4, 5]);
        const oneByOne = titles.reduce<object>((all, one) => Q.or(all, one), { title: 'a' });
        expect(await Book.objects.filter(untyped(oneByOne)).ids()).to.deep.equal([1]);
      }
    });

    it('are refused where they are nested too deep', async () => {
      const nested = (depth: number): ReturnType<typeof Q.not> => {
        let conditions = Q.not({ title: 'a' });
        for (let level = 1; level < depth; level += 1) conditions = untyped(Q.not(conditions));
        return conditions;
      };
      expect(await Book.objects.filter(untyped(nested(100))).ids()).to.deep.equal([1]);
      for (const depth of [101, 5000]) {
        thrown(
          () => nested(depth),
          UsageError,
          'Q.not: these conditions are nested more than 100 deep; say the same with fewer Q.not, Q.and and Q.or within each other',
        );
      }
    });
  });
}
