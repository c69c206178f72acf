import { expect } from 'chai';
import {
  BeforeSave,
  CacheMixin,
  CachedForeignKey,
  CachedModel,
  Column,
  Model,
  PrimaryKey,
  Table,
  UsageError,
  type CacheManager,
  type Manager,
  type ModelConstructor,
  type QuerySet,
  type Related,
} from '../../src/index.js';
import { forEachCombination } from '../setup/combinations.js';
import { connected } from '../support/connected.js';
import { thrown } from '../support/rejection.js';

/** What the models of an application have in common; no table of its own. */
abstract class Base extends CacheMixin(Model) {
  @PrimaryKey() declare id: number;
  @Column({ type: 'datetime', nullable: true }) declare createdAt: Date | null;

  @BeforeSave()
  setCreatedAt(): void {
    this.createdAt ??= new Date(0);
  }

  describe(): string {
    return `${this.constructor.name} ${this.id}`;
  }
}

/** Adds a column and a method to any model. */
function Named<T extends ModelConstructor>(base: T) {
  abstract class WithName extends base {
    @Column({ type: 'text', default: 'nobody' }) declare name: string;

    greet(): string {
      return `Hello ${this.name}`;
    }
  }
  return WithName;
}

@Table('inheritance_people', { label: 'inheritance.Person' })
class Person extends Named(Base) {
  declare static objects: Manager<Person>;
  declare static cache: CacheManager<Person>;
  declare readonly tasks: QuerySet<Task>;
}

@Table('inheritance_staff', { label: 'inheritance.Staff' })
class Staff extends Person {
  declare static objects: Manager<Staff>;
  declare static cache: CacheManager<Staff>;
  @Column({ type: 'integer', default: 0 }) declare salary: number;
  /** The same column, longer than the parent's. */
  @Column({ type: 'text', nullable: true }) declare name: string;

  override greet(): string {
    return `${super.greet()}, colleague`;
  }
}

@Table('inheritance_tasks', { label: 'inheritance.Task' })
class Task extends Base {
  declare static objects: Manager<Task>;
  declare static cache: CacheManager<Task>;
  @CachedForeignKey(() => Person, { relatedName: 'tasks' }) declare person: Related<Person>;
  declare personId: number;
}

@Table('inheritance_plain', { label: 'inheritance.Plain' })
class Plain extends Model {
  declare static objects: Manager<Plain>;
  @PrimaryKey() declare id: number;
  @Column({ type: 'text' }) declare text: string;
}

@Table('inheritance_simple', { label: 'inheritance.Simple' })
class Simple extends CachedModel {
  declare static objects: Manager<Simple>;
  @PrimaryKey() declare id: number;
}

const models = [Person, Staff, Task, Plain, Simple];

forEachCombination((combination) => {
  describe('inheritance', () => {
    const db = connected(combination, models);

    it('gives a model the columns, hooks and methods of its bases and mixins', async () => {
      const person = await Person.create({ name: 'ann' });
      const read = await Person.cache.get(person.id);
      expect(read).to.deep.include({ name: 'ann', createdAt: new Date(0) });
      expect([read.greet(), read.describe()]).to.deep.equal(['Hello ann', `Person ${person.id}`]);
      expect((await Person.create({})).name).to.equal('nobody');
    });

    it('keeps each class in a table of its own, with all columns', async () => {
      await Person.create({ name: 'ann' });
      const staff = await Staff.create({ name: 'bob', salary: 7 });
      expect([await Person.objects.count(), await Staff.objects.count()]).to.deep.equal([1, 1]);
      expect(Object.keys(await db().knex('inheritance_staff').first<object>())).to.have.members([
        'id',
        'created_at',
        'name',
        'salary',
      ]);
      const read = await Staff.cache.get(staff.id);
      expect(read).to.be.instanceOf(Staff).and.include({ name: 'bob', salary: 7 });
      expect(read.greet()).to.equal('Hello bob, colleague');
    });

    it('never mixes the cached rows of a class with those of its parent', async () => {
      await Person.create({ id: 1, name: 'ann' });
      await Staff.create({ id: 1, name: 'bob' });
      for (let round = 0; round < 2; round += 1) {
        expect((await Person.cache.get(1)).name).to.equal('ann');
        expect((await Staff.cache.get(1)).name).to.equal('bob');
      }
      await Staff.objects.update({ name: 'rob' });
      expect((await Person.cache.get(1)).name).to.equal('ann');
      expect((await Staff.cache.get(1)).name).to.equal('rob');
    });

    it('lets a class declare a column of its parent anew, for itself alone', async () => {
      expect((await Staff.create({ name: null as never })).name).to.equal(null);
      expect((await Person.create({})).name).to.equal('nobody');
    });

    it('gives the reverse accessor to the model that is pointed at, not to those that extend it', async () => {
      const [ann, bob] = [await Person.create({ name: 'ann' }), await Staff.create({ name: 'bob' })];
      await Task.create({ person: ann });
      expect(await ann.tasks.count()).to.equal(1);
      thrown(
        () => bob.tasks,
        UsageError,
        "inheritance.Staff has no accessor 'tasks': inheritance.Task.person points at inheritance.Person, which has another table",
      );
    });

    it('does not take an instance of a class that extends the target, since its row is in another table', async () => {
      const bob = await Staff.create({ name: 'bob' });
      thrown(
        () => new Task({ person: bob }),
        UsageError,
        "inheritance.Task.person: expected an instance of inheritance.Person or null, got an instance of Staff. A bare key goes into 'personId'.",
      );
    });

    it('offers the cache to CachedModel and to bases with CacheMixin, not to Model', async () => {
      expect('cache' in Plain).to.equal(false);
      expect('cache' in Simple).to.equal(true);
      const { id } = await Plain.create({ text: 'x' });
      expect((await Plain.objects.get({ id })).text).to.equal('x');
    });

    it('has no rows for a class without a table', () => {
      thrown(
        () => Reflect.get(Base, 'objects') as unknown,
        UsageError,
        "Base has no table. Write @Table('name') above the class.",
      );
    });
  });
});
