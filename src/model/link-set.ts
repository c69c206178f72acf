import { UsageError } from '../errors.js';
import { connectionNamed } from '../database/connections.js';
import type { LinksOf } from '../query/link-sql.js';
import type { KeyValue } from '../query/filter-types.js';
import type { Cell } from '../schema/cell.js';
import { inverseOf } from '../schema/many-to-many.js';
import type { ReferenceSchema } from '../schema/model-schema.js';
import type { ManyToManyRelation } from '../schema/relations.js';
import { describeValue, isPlainObject } from '../schema/types/describe-value.js';
import { addLinks, removeLinks, setLinks, type ThroughValues } from './link-write.js';
import type { NewValues } from './model-types.js';
import { ownKey, RelatedSet, relatedKeys, type LinkValues } from './related-set.js';
import { saveRecord } from './save.js';

/** The rows that an instance is linked to by a many-to-many relation. */
export class LinkSet<T extends object> extends RelatedSet<T> {
  readonly #links: LinksOf;

  constructor(relation: ManyToManyRelation, owner: object) {
    const near = ownKey(relation.model, owner, relation.name);
    connectionNamed(relation.target.connection, relation.target.label);
    const column = relation.model.primaryKey;
    const own = { kind: 'comparison', column, lookup: 'exact', cells: [near] } as const;
    const condition = { kind: 'related', relation: inverseOf(relation), condition: own } as const;
    super(
      { model: relation.target, condition, order: [], limit: undefined, offset: undefined },
      {
        instance: owner,
        name: relation.name,
        key: near,
      },
    );
    this.#links = { relation, near };
  }

  async add(...args: readonly (T | KeyValue | LinkValues)[]): Promise<number> {
    this.forget();
    const last = args.at(-1);
    const values = isLinkValues(last) ? last : undefined;
    const keys = this.#keys(values ? args.slice(0, -1) : args);
    return addLinks(this.#links, keys, this.#throughValues(values));
  }

  async remove(...rows: readonly (T | KeyValue)[]): Promise<number> {
    this.forget();
    return removeLinks(this.#links, { kind: 'to', far: this.#keys(rows) });
  }

  async set(rows: readonly (T | KeyValue)[], values?: LinkValues): Promise<void> {
    this.forget();
    const keys = this.#keys(rows);
    await setLinks(this.#links, keys, this.#throughValues(values));
  }

  async clear(): Promise<number> {
    this.forget();
    return removeLinks(this.#links, { kind: 'all' });
  }

  async create(values: NewValues<T>, link?: LinkValues): Promise<T> {
    this.forget();
    const { target, farModel } = this.#links.relation;
    const through = this.#throughValues(link);
    return connectionNamed(target.connection, target.label).transaction(async () => {
      const instance = Reflect.construct(farModel, [values]) as T; // the class whose instances are T
      await saveRecord(instance);
      await addLinks(this.#links, this.#keys([instance]), through);
      return instance;
    });
  }

  #keys(rows: readonly unknown[]): Cell[] {
    return relatedKeys(this.#where, this.#far, rows);
  }

  #throughValues(values: LinkValues | undefined): ThroughValues {
    const { through, near, far } = this.#links.relation;
    if (values === undefined) return {};
    if (!isLinkValues(values)) {
      throw new UsageError(`${this.#where}: expected { through: { … } }, got ${describeValue(values)}`);
    }
    if (through.isPairs) {
      throw new UsageError(`${this.#where}: its link table has no other columns; declare a through model for them`);
    }
    const taken = [near, far].flatMap(({ property, reference }) => [property, reference?.property]);
    const wrong = Object.keys(values.through).find((name) => taken.includes(name));
    if (wrong === undefined) return values.through;
    throw new UsageError(`${this.#where}: '${wrong}' is one of the two sides of a link; leave it out`);
  }

  get #where(): string {
    const { model, name } = this.#links.relation;
    return `${model.label}.${name}`;
  }

  get #far(): ReferenceSchema {
    const { through, far } = this.#links.relation;
    if (!far.reference) throw new TypeError(`${through.label}.${far.property} is no foreign key`);
    return far.reference;
  }
}

function isLinkValues(value: unknown): value is LinkValues {
  if (typeof value !== 'object' || value === null || !isPlainObject(value)) return false;
  const { through } = value;
  return typeof through === 'object' && through !== null && isPlainObject(through);
}
