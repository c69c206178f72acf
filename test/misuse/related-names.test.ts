import { expect } from 'chai';
import { CachedModel, Column, ForeignKey, PrimaryKey, Table, type QuerySet } from '../../src/index.js';

/** The next warning of the process. */
function nextWarning(): Promise<Error> {
  return new Promise((resolve) => void process.once('warning', resolve));
}

@Table('misuse_people', { label: 'misuse.Person' })
class Person extends CachedModel {
  @PrimaryKey() declare id: number;
  @Column({ type: 'text', nullable: true }) declare name: string | null;
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

  it('that are taken by another relation become a warning, and the first keeps the name', async () => {
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
  });
});
