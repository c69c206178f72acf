import { expect } from 'chai';
import { CachedModel, Column, ForeignKey, ManyToMany, PrimaryKey, Table, UsageError } from '../../src/index.js';
import { linkOf } from '../../src/schema/many-to-many.js';
import { schemaOf } from '../../src/schema/schema-of.js';
import type { ModelClassLike } from '../../src/schema/declaration.js';
import { thrown } from '../support/rejection.js';

type ManyToManyParameters = Parameters<typeof ManyToMany>;

abstract class Keyed extends CachedModel {
  @PrimaryKey() declare id: number;
}

@Table('misuse_links_tags', { label: 'misuse.LinkedTag' })
class Tag extends Keyed {}

@Table('misuse_links_far', { label: 'misuse.Far', connection: 'far' })
class Far extends Keyed {}

@Table('misuse_links_odd', { label: 'misuse.Odd' })
class Odd extends Keyed {
  @ForeignKey(() => Tag) declare tag: Tag;
  @ForeignKey(() => Tag) declare otherTag: Tag;
}

@Table('misuse_links_lone', { label: 'misuse.Lone' })
class Lone extends Keyed {
  @ForeignKey(() => Tag) declare tag: Tag;
}

/** A model with one relation, made by hand. */
function owner(...[target, options]: ManyToManyParameters): ModelClassLike {
  @Table('misuse_links_owner', { label: 'misuse.Owner' })
  class Owner extends Keyed {}
  ManyToMany(target, options)(Owner.prototype, 'things');
  return Owner;
}

function declared(parameters: ManyToManyParameters, message: string): void {
  thrown(() => owner(...parameters), UsageError, message);
}

function resolved(parameters: ManyToManyParameters, message: string): void {
  const schema = schemaOf(owner(...parameters));
  const link = schema.links.get('things');
  if (!link) throw new Error('no link');
  thrown(() => linkOf(schema, link), UsageError, message);
}

describe('@ManyToMany refuses', () => {
  it('what is no model and no option', () => {
    const noModel =
      'Owner.things: @ManyToMany(target) got undefined; write a function, () => Model, or a label. ' +
      'A class whose module is still loading is undefined here.';
    thrown(() => Reflect.apply(owner, undefined, [undefined]) as unknown, UsageError, noModel);
    const options = { relatedname: 'x' };
    const message = "Owner.things: unknown option 'relatedname'; did you mean 'relatedName'?";
    thrown(() => Reflect.apply(owner, undefined, [Tag, options]) as unknown, UsageError, message);
  });

  it('options that do not go together', () => {
    const tableOfThrough =
      'Owner.things: table and columns are for links without through; the through model names its own';
    declared([() => Tag, { through: () => Odd, table: 'x' }], tableOfThrough);
    const noThrough = 'Owner.things: from and to name foreign keys of a through model, and there is none';
    declared([() => Tag, { from: 'x' }], noThrough);
    const columns = "Owner.things: columns takes two names, such as ['document_id', 'tag_id']";
    declared([() => Tag, { columns: ['x', 'x'] }], columns);
    const sides = 'Owner.things: symmetrical links have no other side that relatedName could name; leave one out';
    declared([() => Tag, { symmetrical: true, relatedName: 'x' }], sides);
  });

  it('names that are taken', () => {
    class Bare extends CachedModel {}
    Column({ type: 'text' })(Bare.prototype, 'things');
    thrown(() => ManyToMany(Tag)(Bare.prototype, 'things'), UsageError, 'Bare.things is declared as a column twice');
    ManyToMany(Tag)(Bare.prototype, 'others');
    thrown(() => Column({ type: 'text' })(Bare.prototype, 'others'), UsageError, 'Bare.others is declared twice');
  });

  it('through models that do not point at both sides, once each', () => {
    resolved(
      [() => Tag, { through: () => Lone }],
      'misuse.Owner.things: misuse.Lone has no foreign key to misuse.Owner; a through model points at both sides',
    );
    @Table('misuse_links_double', { label: 'misuse.Double' })
    class Double extends Odd {
      @ForeignKey('misuse.Owner') declare owner: object;
    }
    const several = 'misuse.Owner.things: misuse.Double has several foreign keys to misuse.LinkedTag (tag, otherTag); ';
    resolved([() => Tag, { through: Double }], `${several}say which: { to: 'tag' }`);
    resolved(
      [() => Tag, { through: Double, to: 'tags' }],
      "misuse.Owner.things: to is 'tags', but misuse.Double has no foreign key of that name to misuse.LinkedTag",
    );
    const schema = schemaOf(owner(() => Tag, { through: Double, to: 'otherTag' }));
    const link = schema.links.get('things');
    expect(link && linkOf(schema, link).far.property).to.equal('otherTagId');
  });

  it('models of other connections, and symmetry between two models', () => {
    resolved(
      [Far],
      "misuse.Owner.things: misuse.Owner is on the connection 'default' and misuse.Far on 'far'; " +
        'rows of two databases cannot be linked',
    );
    resolved(
      [() => Tag, { symmetrical: true }],
      'misuse.Owner.things: symmetrical is for links of a model with itself, and misuse.LinkedTag is another one',
    );
  });

  it('a class field in its place', () => {
    @Table('misuse_links_field', { label: 'misuse.Field' })
    class Field extends Keyed {
      things?: unknown = undefined;
    }
    ManyToMany(Tag)(Field.prototype, 'things');
    thrown(
      () => new Field(),
      UsageError,
      "misuse.Field.things is a class field that hides the column of this name. Write 'declare things: …', " +
        'and a default as @Column({ default: … }). The same for: things.',
    );
  });
});
