import { expect } from 'chai';
import { CachedModel, Column, PrimaryKey, Table, ValidationError, type Manager } from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';
import { statementsOf } from '../support/recorded-statements.js';
import { rejection } from '../support/rejection.js';

@Table('validation_members', { label: 'validation.Member' })
class Member extends CachedModel {
  declare static objects: Manager<Member>;

  @PrimaryKey() declare id: number;
  @Column({ maxLength: 5 }) declare name: string;
  @Column({ type: 'integer', validate: (age: number) => (age < 18 ? 'must be 18 or more' : undefined) })
  declare age: number;
  @Column({ type: 'enum', values: ['free', 'paid'], default: 'free' }) declare plan: 'free' | 'paid';
  @Column({ type: 'text', nullable: true, validate: (note: string) => (note === '' ? 'is empty' : undefined) })
  declare note: string | null;
}

forEachCombination((combination) => {
  describe('validation', () => {
    connected(combination, [Member]);

    const everythingWrong = { name: 'too long', age: 17, plan: 'gold', note: '' } as never; // not what the types allow
    const issues = [
      { property: 'name', message: 'expects at most 5 characters, got 8' },
      { property: 'age', message: 'must be 18 or more' },
      { property: 'plan', message: "expects one of 'free', 'paid', got another text" },
      { property: 'note', message: 'is empty' },
    ];

    it('tells everything that is wrong in one error, and sends nothing', async () => {
      let error: ValidationError | undefined;
      const texts = await statementsOf(async () => {
        error = await rejection(Member.create(everythingWrong), ValidationError);
      });
      expect(error).to.include({ code: 'VALIDATION', model: 'validation.Member' });
      expect(error?.issues).to.deep.equal(issues);
      expect(error?.message).to.equal(
        'validation.Member: name expects at most 5 characters, got 8; age must be 18 or more; ' +
          "plan expects one of 'free', 'paid', got another text; note is empty",
      );
      expect(texts).to.deep.equal([]);
      expect(await Member.objects.count()).to.equal(0);
    });

    it('asks for every column that takes no null', async () => {
      const error = await rejection(Member.create({ plan: null as never }), ValidationError);
      expect(error.issues).to.deep.equal([
        { property: 'name', message: 'is required' },
        { property: 'age', message: 'is required' },
        { property: 'plan', message: 'is required' },
      ]);
    });

    it('leaves the row as it was where an update is refused', async () => {
      const member = await Member.create({ name: 'ann', age: 20, note: 'x' });
      Object.assign(member, everythingWrong);
      expect((await rejection(member.save(), ValidationError)).issues).to.deep.equal(issues);
      expect(await Member.objects.get({ id: member.id })).to.include({ name: 'ann', age: 20, plan: 'free', note: 'x' });
    });

    it('stores nothing of a bulkCreate in which one row is wrong', async () => {
      const rows = [
        { name: 'ann', age: 20 },
        { name: 'bob', age: 3 },
      ];
      const error = await rejection(Member.objects.bulkCreate(rows), ValidationError);
      expect(error.issues).to.deep.equal([{ property: 'age', message: 'must be 18 or more' }]);
      expect(await Member.objects.count()).to.equal(0);
    });

    it('refuses values of a bulk update by the same rules', async () => {
      await Member.create({ name: 'ann', age: 20 });
      const error = await rejection(Member.objects.filter({}).update({ age: 3, name: 'too long' }), ValidationError);
      expect(error.issues).to.deep.equal([
        { property: 'age', message: 'must be 18 or more' },
        { property: 'name', message: 'expects at most 5 characters, got 8' },
      ]);
      expect((await Member.objects.get()).age).to.equal(20);
    });

    it('counts characters, not code units', async () => {
      expect((await Member.create({ name: '💸💸💸💸💸', age: 18 })).name).to.equal('💸💸💸💸💸');
    });

    it('never shows the value that is wrong', async () => {
      const error = await rejection(Member.create({ name: 'secret text', age: 20 }), ValidationError);
      expect(JSON.stringify([error.message, error.issues])).not.to.include('secret');
    });

    it('does not ask a rule about null', async () => {
      expect((await Member.create({ name: 'ann', age: 18, note: null })).note).to.equal(null);
    });
  });
});
