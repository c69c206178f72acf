import { expect } from 'chai';
import { Column, Model, PrimaryKey, Table } from '../../../src/index.js';
import { isDirty } from '../../../src/model/dirty.js';
import { writtenOut } from '../../../src/model/written-out.js';
import { schemaOf } from '../../../src/schema/schema-of.js';

@Table('written_out', { label: 'written.Out' })
class Out extends Model {
  @PrimaryKey() declare id: number;
  @Column({ maxLength: 20, nullable: true }) declare title: string | null;
  @Column({ type: 'datetime' }) declare at: Date;
  @Column({ type: 'json' }) declare meta: { list: number[] };
}

@Table('written_in_a_loop', { label: 'written.InALoop' })
class InALoop extends Out {}

/** Runs it as where a policy forbids to generate code. */
function withoutCode<T>(task: () => T): T {
  const { Function: original } = globalThis;
  globalThis.Function = function refused() {
    throw new EvalError('Code generation from strings disallowed for this context');
  } as unknown as FunctionConstructor; // as V8 does it
  try {
    return task();
  } finally {
    globalThis.Function = original;
  }
}

describe('functions that are written out for the columns of a model', () => {
  it('are there unless code may not be generated', () => {
    expect(writtenOut('1 + two', { two: 2 })).to.equal(3);
    expect(withoutCode(() => writtenOut('1 + two', { two: 2 }))).to.equal(undefined);
  });

  for (const [how, model, run] of [
    ['written out', Out, <T>(task: () => T): T => task()],
    ['in a loop', InALoop, withoutCode],
  ] as const) {
    it(`hydrate instances and tell what changed, ${how}`, () => {
      run(() => {
        const schema = schemaOf(model);
        const row = [1, null, 0, '{"list":[1]}'];
        const hydrate = (): Out => schema.hydrate(row) as Out;
        expect(hydrate().toJSON()).to.deep.equal({ id: 1, title: null, at: new Date(0), meta: { list: [1] } });
        expect(isDirty(hydrate(), schema)).to.equal(false);
        const changes: readonly ((out: Out) => unknown)[] = [
          (out) => (out.title = 'x'),
          (out) => out.at.setTime(1),
          (out) => out.meta.list.push(2),
        ];
        for (const change of changes) {
          const out = hydrate();
          change(out);
          expect(isDirty(out, schema)).to.equal(true);
        }
      });
    });
  }
});
