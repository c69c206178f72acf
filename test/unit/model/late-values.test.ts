import { inspect } from 'node:util';
import { expect } from 'chai';
import { Column, Model, PrimaryKey, Table } from '../../../src/index.js';
import { isDirty } from '../../../src/model/dirty.js';
import { stateOf } from '../../../src/model/state-of.js';
import { schemaOf } from '../../../src/schema/schema-of.js';

@Table('late_values')
class Late extends Model {
  @PrimaryKey() declare id: number;
  @Column({ type: 'json', nullable: true }) declare meta: { list: number[] } | null;
  @Column({ maxLength: 20 }) declare title: string;
}

const schema = schemaOf(Late);
const hydrate = (meta: string | null): Late => schema.hydrate([1, meta, 'one']) as Late;

describe('values that are decoded when they are first read', () => {
  it('are not decoded before that, and once', () => {
    const broken = hydrate('no JSON');
    expect(broken.title).to.equal('one');
    expect(() => broken.meta).to.throw(SyntaxError);
    const late = hydrate('{"list":[1]}');
    expect(late.meta)
      .to.equal(late.meta)
      .and.deep.equal({ list: [1] });
  });

  it('are in every copy and listing of the instance', () => {
    const late = hydrate('{"list":[1]}');
    expect(Object.keys(late)).to.deep.equal(['id', 'meta', 'title']);
    expect(Object.fromEntries(Object.entries(late))).to.deep.equal({ id: 1, meta: { list: [1] }, title: 'one' });
    expect(Object.assign({}, hydrate(null)).meta).to.equal(null);
  });

  it('are shown where the instance is printed', () => {
    expect(inspect(hydrate('{"list":[1]}'))).to.equal("Late { id: 1, meta: { list: [ 1 ] }, title: 'one' }");
  });

  it('are changed by assigning and in place, and by nothing else', () => {
    const untouched = hydrate('{"list":[1]}');
    expect(isDirty(untouched, schema)).to.equal(false);
    void untouched.meta;
    expect(isDirty(untouched, schema)).to.equal(false);
    untouched.meta?.list.push(2);
    expect(isDirty(untouched, schema)).to.equal(true);
    const assigned = hydrate('{"list":[1]}');
    assigned.meta = null;
    expect(isDirty(assigned, schema)).to.equal(true);
    assigned.meta = { list: [1] };
    expect(isDirty(assigned, schema)).to.equal(false);
  });

  it('are those of the row that the instance has by then, unless they were read before', () => {
    const [late, read] = [hydrate('{"list":[1]}'), hydrate('{"list":[1]}')];
    void read.meta;
    for (const each of [late, read]) stateOf(each).row = [1, '{"list":[2]}', 'one'];
    expect(late.meta).to.deep.equal({ list: [2] });
    expect(read.meta).to.deep.equal({ list: [1] });
  });

  it('are shared by no two instances of one row', () => {
    const row = [1, '{"list":[1]}', 'one'];
    const [one, other] = [schema.hydrate(row), schema.hydrate(row)] as Late[];
    one?.meta?.list.push(2);
    expect(other?.meta).to.deep.equal({ list: [1] });
  });
});
