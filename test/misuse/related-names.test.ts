import { expect } from 'chai';
import {
  CachedModel,
  Column,
  ForeignKey,
  ManyToMany,
  PrimaryKey,
  Table,
  UsageError,
  type Manager,
  type QuerySet,
  type RelatedSet,
} from '../../src/index.js';
import { thrown } from '../support/rejection.js';

/** The next warning of the process. */
function nextWarning(): Promise<Error> {
  return new Promise((resolve) => void process.once('warning', resolve));
}

/** A name is refused in conditions, in prefetch and as an accessor. */
function assertAmbiguous(model: typeof Person, name: string, message: string): void {
  const untyped = (value: unknown): never => value as never;
  thrown(() => model.objects.filter(untyped({ [`${name}__id`]: 1 })), UsageError, message);
  thrown(() => model.objects.prefetch(untyped(name)), UsageError, message);
  thrown(() => Reflect.get(new model({}), name) as unknown, UsageError, message);
}

@Table('misuse_people', { label: 'misuse.Person' })
class Person extends CachedModel {
  @PrimaryKey() declare id: number;
  @Column({ type: 'text', nullable: true }) declare name: string | null;
  declare static objects: Manager<Person>;
  declare readonly things: QuerySet<CachedModel>;
}

describe('names of reverse accessors', () => {
  it('that are a column of the other model become a warning', async () => {
    const warning = nextWarning();
    @Table('misuse_named', { label: 'misuse.Named' })
    class Named extends CachedModel {
      @PrimaryKey() declare id: number;
      @ForeignKey(() => Person, { relatedName: 'name' }) declare person: Person;
    }
    expect(Named.name).to.equal('Named');
    expect((await warning).message).to.equal(
      "misuse.Named.person: relatedName 'name' is a column of misuse.Person; choose another",
    );
  });

  it('that two relations have become a warning, and an error with both places wherever the name is used', async () => {
    abstract class Owned extends CachedModel {
      @PrimaryKey() declare id: number;
      @ForeignKey(() => Person, { relatedName: 'things' }) declare person: Person;
    }
    const warning = nextWarning();
    @Table('misuse_books', { label: 'misuse.Book' })
    class Book extends Owned {}
    @Table('misuse_bags', { label: 'misuse.Bag' })
    class Bag extends Owned {}
    expect([Book.name, Bag.name]).to.deep.equal(['Book', 'Bag']);
    expect((await warning).message).to.equal(
      "misuse.Bag.person: relatedName 'things' is taken by misuse.Book.person; give each relation its own",
    );
    assertAmbiguous(
      Person,
      'things',
      "misuse.Person has two relations 'things', by misuse.Book.person and by misuse.Bag.person; give each a relatedName of its own",
    );
  });

  it('that two foreign keys of one model have do so too', async () => {
    const warning = nextWarning();
    @Table('misuse_letters', { label: 'misuse.Letter' })
    class Letter extends CachedModel {
      declare static objects: Manager<Letter>;
      @PrimaryKey() declare id: number;
      @ForeignKey(() => Person, { relatedName: 'letters' }) declare from: Person;
      @ForeignKey(() => Person, { relatedName: 'letters' }) declare to: Person;
    }
    expect((await warning).message).to.equal(
      "misuse.Letter.to: relatedName 'letters' is taken by misuse.Letter.from; give each relation its own",
    );
    assertAmbiguous(
      Person,
      'letters',
      "misuse.Person has two relations 'letters', by misuse.Letter.from and by misuse.Letter.to; give each a relatedName of its own",
    );
    expect(() => Letter.objects.filter({ from__name: 'x' }), 'what is clear is not touched').not.to.throw();
  });

  it('that a foreign key and a many-to-many have do so too', async () => {
    const warning = nextWarning();
    @Table('misuse_clubs', { label: 'misuse.Club' })
    class Club extends CachedModel {
      @PrimaryKey() declare id: number;
      @ForeignKey(() => Person, { relatedName: 'clubs' }) declare head: Person;
      @ManyToMany(() => Person, { relatedName: 'clubs' }) declare readonly members: RelatedSet<Person>;
    }
    expect(Club.name).to.equal('Club');
    expect((await warning).message).to.equal(
      "misuse.Club.members: relatedName 'clubs' is taken by misuse.Club.head; give each relation its own",
    );
    assertAmbiguous(
      Person,
      'clubs',
      "misuse.Person has two relations 'clubs', by misuse.Club.head and by misuse.Club.members; give each a relatedName of its own",
    );
  });
});
