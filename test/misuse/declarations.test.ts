import { expect } from 'chai';
import {
  AfterSave,
  BeforeSave,
  CachedForeignKey,
  CachedModel,
  Column,
  ForeignKey,
  PrimaryKey,
  Table,
  UsageError,
  Version,
  type ModelClass,
} from '../../src/index.js';
import { thrown } from '../support/rejection.js';

type PropertyDecorator = (target: object, key: string | symbol) => void;

/** A class without a table, to put decorators on by hand: what the compiler would refuse must be refused at run time too. */
function bare(): ModelClass {
  return class Bare extends CachedModel {};
}

/** What a decorator throws above a property of this name. */
function refused(decorator: () => PropertyDecorator, key: string | symbol, message: string): void {
  thrown(() => decorator()(bare().prototype, key), UsageError, message);
}

const text = (): PropertyDecorator => Column({ type: 'text' });

describe('declaring a model', () => {
  describe('refuses decorators in the wrong place', () => {
    it('above static members and symbols', () => {
      const message = '@Column() on Bare.title: write it above a property of instances that has a plain name';
      thrown(() => text()(bare(), 'title'), UsageError, message);
      refused(
        text,
        Symbol('s'),
        '@Column() on Bare.Symbol(s): write it above a property of instances that has a plain name',
      );
    });

    it('above methods and accessors', () => {
      class Bare extends CachedModel {
        method(): void {}
        get accessor(): string {
          return '';
        }
      }
      for (const key of ['method', 'accessor']) {
        const message = `@Column() on Bare.${key}: this is a method or an accessor; write it above a property: declare ${key}: …`;
        thrown(() => text()(Bare.prototype, key), UsageError, message);
      }
    });

    it('hooks above anything but a method', () => {
      const message = '@BeforeSave() on Bare.title: write it above a method of instances';
      thrown(() => Reflect.apply(BeforeSave(), undefined, [bare().prototype, 'title', undefined]), UsageError, message);
      const onStatic = '@AfterSave() on Bare.create: write it above a method of instances';
      thrown(
        () => Reflect.apply(AfterSave(), undefined, [bare(), 'create', { value: () => undefined }]),
        UsageError,
        onStatic,
      );
    });

    it('@Table above a member', () => {
      const message = "@Table('x'): write it above a class, not above a member";
      thrown(() => Reflect.apply(Table('x'), undefined, [bare().prototype, 'title']), UsageError, message);
    });

    it('without their parentheses', () => {
      const { prototype } = bare();
      for (const [name, decorator] of Object.entries({ Column, PrimaryKey, Version })) {
        const message = `@${name}: write it with parentheses, as @${name}() or @${name}({ … }); got an instance of Bare`;
        thrown(() => Reflect.apply(decorator, undefined, [prototype, 'title']) as unknown, UsageError, message);
      }
      thrown(
        () => Reflect.apply(BeforeSave, undefined, [prototype, 'hook', {}]) as unknown,
        UsageError,
        '@BeforeSave: write it with parentheses, as @BeforeSave()',
      );
      thrown(
        () => Reflect.apply(ForeignKey, undefined, [prototype, 'author']) as unknown,
        UsageError,
        '@ForeignKey: write it with parentheses, as @ForeignKey() or @ForeignKey({ … }); got text',
      );
      thrown(
        () => Reflect.apply(Table, undefined, [bare()]) as unknown,
        UsageError,
        "@Table(name): expected the table's name, got function",
      );
    });

    it('called as standard decorators', () => {
      const legacy =
        'was called as a standard decorator; these are legacy ones: set "experimentalDecorators": true in tsconfig.json';
      const context = { kind: 'field', name: 'title' };
      thrown(
        () => Reflect.apply(text(), undefined, [undefined, context]) as unknown,
        UsageError,
        `@Column() ${legacy}`,
      );
      thrown(
        () => Reflect.apply(BeforeSave(), undefined, [() => undefined, context]) as unknown,
        UsageError,
        `@BeforeSave() ${legacy}`,
      );
      thrown(
        () => Reflect.apply(Table('x'), undefined, [bare(), { kind: 'class' }]) as unknown,
        UsageError,
        `@Table() ${legacy}`,
      );
    });
  });

  describe('refuses names', () => {
    for (const name of ['save', 'delete', 'reload', 'changes', 'toJSON', 'isPersisted', 'constructor']) {
      it(`that every model has: ${name}`, () => {
        const message = `Bare.${name}: '${name}' is a member of every model and cannot be a column; give the property another name and write @Column({ name: '${name}' })`;
        refused(text, name, message);
        refused(() => ForeignKey('x.Y'), name, message);
      });
    }

    it('with two underscores, which separate lookups', () => {
      const message =
        "Bare.a__b: '__' separates a column from its lookup in filters, so a property's name cannot contain it";
      refused(text, 'a__b', message);
    });

    it('that are taken, by a column or by the key of a relation', () => {
      const twice = bare().prototype;
      text()(twice, 'title');
      thrown(() => text()(twice, 'title'), UsageError, 'Bare.title is declared as a column twice');
      ForeignKey('x.Y')(twice, 'author');
      thrown(() => ForeignKey('x.Y')(twice, 'author'), UsageError, 'Bare.author is declared as a column twice');
      const key =
        "Bare.authorId is declared as a column twice; it belongs to the relation 'author', so declare it without a decorator";
      thrown(() => Column({ type: 'integer' })(twice, 'authorId'), UsageError, key);
      Column({ type: 'integer' })(twice, 'bookId');
      thrown(() => ForeignKey('x.Y')(twice, 'book'), UsageError, 'Bare.bookId is declared as a column twice');
    });

    it('of one column in the database for two properties', () => {
      @Table('misuse_shared', { label: 'misuse.Shared' })
      class Shared extends CachedModel {
        @PrimaryKey() declare id: number;
        @Column({ type: 'text' }) declare createdAt: string;
        @Column({ type: 'text', name: 'created_at' }) declare created: string;
      }
      const message =
        "Shared.createdAt and Shared.created are both column 'created_at'. Write @Column({ name: … }) on one of them.";
      thrown(() => new Shared(), UsageError, message);
    });

    it('of tables and labels that are no text', () => {
      thrown(() => Table(''), UsageError, "@Table(name): expected the table's name, got an empty text");
      thrown(() => Table('x', { label: '' }), UsageError, "@Table('x', { label }): expected a text, got empty text");
      thrown(
        () => Table('x', { lable: 'y' } as never),
        UsageError,
        "@Table('x'): unknown option 'lable'; did you mean 'label'?",
      );
    });
  });

  describe('refuses options', () => {
    it('that do not exist', () => {
      refused(
        () => Column({ type: 'text', uniqe: true } as never),
        'title',
        "Bare.title: unknown option 'uniqe'; did you mean 'unique'?",
      );
      refused(
        () => ForeignKey('x.Y', { onDelet: 'cascade' } as never),
        'author',
        "Bare.author: unknown option 'onDelet'; did you mean 'onDelete'?",
      );
    });

    it('of other types', () => {
      const message =
        "Bare.title: a column of type 'integer' takes no maxLength; that is for string, text. Leave it out.";
      refused(() => Column({ type: 'integer', maxLength: 3 }), 'title', message);
    });

    it('that the type does not take as default', () => {
      refused(
        () => Column({ type: 'integer', default: 'x' }),
        'size',
        'Bare.size: the default is no integer (it expects a whole number, got text)',
      );
    });

    it('for what happens on delete', () => {
      refused(
        () => ForeignKey('x.Y', { onDelete: 'explode' as never }),
        'author',
        "Bare.author: onDelete is 'explode'; use 'cascade', 'set null', 'restrict'",
      );
      refused(
        () => ForeignKey('x.Y', { onDelete: 'set null' }),
        'author',
        "Bare.author: onDelete: 'set null' needs nullable: true",
      );
    });
  });

  it('refuses a column whose type nobody tells', () => {
    refused(
      () => Column(),
      'title',
      "Bare.title: the column's type is not known (the compiler emitted no type for it). Write @Column({ type: 'string' }), or one of: " +
        'integer, bigint, float, decimal, boolean, string, text, date, datetime, time, uuid, json, binary, enum, array, or { toDatabase, fromDatabase }.',
    );
    const unknown = "Bare.title: there is no column type 'strng'. Did you mean 'string'? The types are: ";
    const error = thrown(() => Column({ type: 'strng' as never })(bare().prototype, 'title'), UsageError);
    expect(error.message).to.include(unknown);
  });

  it('refuses a class without a table, a class that is no model, and a model without exactly one key', () => {
    thrown(() => new (bare())(), UsageError, "Bare has no table. Write @Table('name') above the class.");

    @Table('misuse_keyless', { label: 'misuse.Keyless' })
    class Keyless extends CachedModel {
      @Column({ type: 'text' }) declare name: string;
    }
    thrown(() => new Keyless(), UsageError, 'Keyless has no primary key. Write @PrimaryKey() above one property.');

    @Table('misuse_composite', { label: 'misuse.Composite' })
    class Composite extends CachedModel {
      @PrimaryKey({ type: 'integer' }) declare left: number;
      @PrimaryKey({ type: 'integer' }) declare right: number;
    }
    thrown(
      () => new Composite(),
      UsageError,
      'Composite has a composite primary key (left, right); composite keys are not supported. ' +
        'Give it one @PrimaryKey() and make the pair unique in the database.',
    );

    @Table('misuse_float_key', { label: 'misuse.FloatKey' })
    class FloatKey extends CachedModel {
      @PrimaryKey({ type: 'float' }) declare id: number;
    }
    thrown(
      () => new FloatKey(),
      UsageError,
      'FloatKey.id is a float and cannot be a primary key, since equal keys may be written differently. Use integer, bigint, uuid, string or text.',
    );
  });

  it('refuses class fields that hide columns, and says how to write them', () => {
    @Table('misuse_fields', { label: 'misuse.Fields' })
    class Fields extends CachedModel {
      @PrimaryKey() declare id: number;
      @Column({ type: 'text' }) title = 'untitled';
      @Column({ type: 'text' }) body: string | undefined;
      note = 'a field that is no column is fine';
    }
    const message =
      "misuse.Fields.title is a class field that hides the column of this name. Write 'declare title: …', " +
      'and a default as @Column({ default: … }). The same for: title, body.';
    thrown(() => new Fields({ title: 'x' }), UsageError, message);
    thrown(() => new Fields(), UsageError, message);
  });

  describe('refuses references', () => {
    it('to a class that is not loaded yet', () => {
      refused(
        () => ForeignKey(undefined as never),
        'author',
        'Bare.author: @ForeignKey(target) got undefined; write a function, () => Model, or a label. A class whose module is still loading is undefined here.',
      );
    });

    it('to labels that no model has', () => {
      @Table('misuse_author', { label: 'misuse.Author' })
      class Author extends CachedModel {
        @PrimaryKey() declare id: number;
      }
      @Table('misuse_lost', { label: 'misuse.Lost' })
      class Lost extends CachedModel {
        @PrimaryKey() declare id: number;
        @CachedForeignKey('misuse.Autor') declare author: Author;
      }
      thrown(
        () => new Lost(),
        UsageError,
        "Lost.author names 'misuse.Autor', but no model with that label is declared; did you mean 'misuse.Author'? " +
          'Import the module that declares it before the first use.',
      );
    });

    it('to functions that give no model', () => {
      @Table('misuse_thunk', { label: 'misuse.Thunk' })
      class Thunk extends CachedModel {
        @PrimaryKey() declare id: number;
        @ForeignKey(() => undefined as never) declare author: Thunk;
      }
      const message =
        'Thunk.author names no model: expected a class with @Table, a function that returns one, or a label; got undefined. ' +
        'If two modules import each other, write a function or a label.';
      thrown(() => new Thunk(), UsageError, message);
    });

    it('to a label that two models have', () => {
      @Table('misuse_twin_a', { label: 'misuse.Twin' })
      class TwinA extends CachedModel {
        @PrimaryKey() declare id: number;
      }
      @Table('misuse_twin_b', { label: 'misuse.Twin' })
      class TwinB extends CachedModel {
        @PrimaryKey() declare id: number;
      }
      @Table('misuse_parent', { label: 'misuse.Parent' })
      class Parent extends CachedModel {
        @PrimaryKey() declare id: number;
        @ForeignKey('misuse.Twin') declare twin: TwinA | TwinB;
      }
      const message =
        "Parent.twin names 'misuse.Twin', which TwinA (table misuse_twin_a) and TwinB (table misuse_twin_b) both have as their label. " +
        'Give each its own: @Table(name, { label }).';
      thrown(() => new Parent(), UsageError, message);
    });
  });

  it('takes models that name each other lazily, in a circle', () => {
    @Table('misuse_circle_a', { label: 'misuse.CircleA' })
    class CircleA extends CachedModel {
      @PrimaryKey() declare id: number;
      @ForeignKey('misuse.CircleB', { nullable: true }) declare b: CachedModel | null;
      @ForeignKey(() => CircleA, { nullable: true }) declare self: CircleA | null;
    }
    @Table('misuse_circle_b', { label: 'misuse.CircleB' })
    class CircleB extends CachedModel {
      @PrimaryKey({ type: 'uuid' }) declare id: string;
      @CachedForeignKey(() => CircleA, { nullable: true }) declare a: CircleA | null;
    }
    expect([new CircleA().isPersisted, new CircleB().isPersisted]).to.deep.equal([false, false]);
  });
});
