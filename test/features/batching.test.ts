import { expect } from 'chai';
import { beforeEach, describe, it } from 'mocha';
import { transaction } from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { counted, noCost, type Cost } from '../support/counted.js';
import { Document, libraryModels, User } from '../support/library-models.js';
import { statementsOf } from '../support/recorded-statements.js';

describe('reads of one tick', () => {
  forEachCombination((combination) => {
    const current = counted(combination, libraryModels);
    let users: User[];
    let documents: Document[];

    const costs = ({ sql = 0, ...commands }: Partial<Cost>): Cost =>
      combination.cache === 'redis' ? { ...noCost, sql, ...commands } : { ...noCost, sql };

    beforeEach(async () => {
      users = await User.objects.bulkCreate(Array.from({ length: 5 }, (_, index) => ({ username: `user ${index}` })));
      documents = await Document.objects.bulkCreate(
        Array.from({ length: 10 }, (_, index) => ({ title: `document ${index}`, authorId: users[index % 5]?.id ?? 0 })),
      );
      await User.cache.find(0); // notices whatever the set-up did
    });

    it('of several models are one command, and one SELECT for each model', async () => {
      const spent = await current().costOf(() =>
        Promise.all([
          ...users.map(({ id }) => User.cache.get(id)),
          ...documents.map(({ id }) => Document.cache.get(id)),
        ]),
      );
      // the answers of the two SELECTs may come at different times
      expect({ ...spent, write: 0 }).to.deep.equal(costs({ sql: 2, read: 1, acquire: 1 }));
      expect(spent.write).to.be.at.most(2);
    });

    it('of hits and misses read only the misses', async () => {
      await User.cache.getMany(users.slice(0, 3).map(({ id }) => id));
      const texts = await statementsOf(() => Promise.all(users.map(({ id }) => User.cache.get(id))));
      expect(texts).to.have.length(1);
    });

    it('of getMany, get, find and foreign keys go together', async () => {
      const one = await Document.objects.get({ id: documents[0]?.id ?? 0 });
      const spent = await current().costOf(() =>
        Promise.all([
          User.cache.getMany(users.map(({ id }) => id)),
          User.cache.get(users[1]?.id ?? 0),
          User.cache.find(4711),
          one.author,
        ]),
      );
      expect(spent).to.deep.equal(costs({ sql: 1, read: 1, acquire: 1, write: 1 }));
    });

    it('give each reader his own answer, also where some fail', async () => {
      const ids = [users[0]?.id ?? 0, 4711, users[1]?.id ?? 0, 4712];
      const answers = await Promise.allSettled(ids.map((id) => User.cache.get(id)));
      expect(answers.map((answer) => (answer.status === 'fulfilled' ? answer.value.username : 'none'))).to.deep.equal([
        'user 0',
        'none',
        'user 1',
        'none',
      ]);
    });

    it('of plain foreign keys are one SELECT too', async () => {
      for (const document of documents) {
        document.reviewer = users[0] ?? null;
        await document.save();
      }
      const rows = await Document.objects.filter({ id__gt: 0 }).all();
      const { sql } = await current().costOf(() => Promise.all(rows.map((row) => row.reviewer)));
      expect(sql).to.equal(1);
    });

    it('inside a transaction are one SELECT that sees its own rows', async () => {
      const [first] = users;
      await transaction(async () => {
        await User.objects.filter({ id: first?.id ?? 0 }).update({ username: 'uncommitted' });
        const texts = await statementsOf(async () => {
          const rows = await Promise.all(users.map(({ id }) => User.cache.get(id)));
          expect(rows[0]?.username).to.equal('uncommitted');
        });
        expect(texts).to.have.length(1);
      });
    });

    it('of more keys than one statement takes are answered all the same', async () => {
      const many = await User.objects.bulkCreate(
        Array.from({ length: 2500 }, (_, index) => ({ username: `many ${index}` })),
      );
      const found = await User.cache.getMany(many.map(({ id }) => id));
      expect(found.map((row) => row?.username)).to.deep.equal(many.map(({ username }) => username));
    });
  });
});
