import { UsageError } from '../errors.js';
import type { Explanation } from '../model-cache/explain.js';
import { declareFunction, type CachedEntry, type CachedFunction, type Declared } from './cached.js';
import type { CachedOptions, FunctionWatch } from './function-options.js';
import { keepingNames, rejectUnknownOptions, type KeepingOptions, type RepopulateSettings } from './keeping.js';
import type { After } from './later.js';
import { placeOfCall } from './place.js';
import type { Source } from '../query/watched-rows.js';

/** The fields of a node: data that tells it from others of its class. */
export type NodeFields = Readonly<Record<string, unknown>>;

type AnyNode = CacheNode<NodeFields, unknown>;
type NodeClass<One> = abstract new (...args: never[]) => One;
type ValueOf<One> = One extends { get(): Promise<infer Value> } ? Value : never;
type Handle = CachedFunction<readonly [NodeFields], unknown>;

/** What a node class may say by static properties, besides how its values are kept. */
export interface NodeStatics extends KeepingOptions {
  /** The names of the fields, for paths in `watch` and for `invalidateMatching`. */
  readonly fields?: readonly string[];
  readonly watch?: readonly FunctionWatch[];
  readonly repopulate?: boolean | RepopulateSettings;
  readonly version?: string | number;
  readonly connection?: string;
}

/** What makes a node class at run time. */
export interface NodeDefinition<Fields extends NodeFields, Value> extends NodeStatics {
  readonly label: string;
  readonly load: (fields: Fields) => Promise<Value>;
  readonly key?: (fields: Fields) => unknown;
  readonly tags?: (fields: Fields) => string | readonly string[];
}

/** A node class that `CacheNode.define` made. */
export type DefinedNode<Fields extends NodeFields, Value> = (new (fields: Fields) => CacheNode<Fields, Value>) &
  Pick<typeof CacheNode, 'getMany' | 'invalidateMatching' | 'invalidateAll' | 'undeclare'>;

const staticNames = [...keepingNames, 'watch', 'repopulate', 'version', 'connection'];
const definitionNames = ['label', 'load', 'key', 'tags', 'fields', ...staticNames];

const handles = new WeakMap<object, Handle>();

/**
 * A value as an object: its class says how it is loaded, its fields say which one it is. `@Node('label')` above a class
 * declares it; static properties say how its values are kept. What is read through this library while a value loads is
 * found by itself.
 *
 * @example
 * ```ts
 * import { CacheNode, Node } from 'moneyclip';
 *
 * @Node('greeting')
 * class Greeting extends CacheNode<{ name: string }, string> {
 *   static readonly ttl = '10m';
 *
 *   override async load() {
 *     return `Hello, ${this.fields.name}`;
 *   }
 * }
 * await new Greeting({ name: 'Ann' }).get();
 * ```
 */
export abstract class CacheNode<Fields extends NodeFields, Value> {
  readonly fields: Fields;

  /** Throws UsageError for a class that is not declared. */
  constructor(fields: Fields) {
    handleOf(new.target);
    this.fields = fields;
  }

  /** Computes the value; a class may have `static loadMany(nodes)` instead, or both. */
  load?(): Promise<Value>;

  /** What tells nodes apart, where it is not all of their fields. */
  key?(): unknown;

  /** Models and query sets of which a change drops the value. */
  watch?(): readonly Source[];

  /** What `invalidateTag` drops the value by. */
  tags?(): string | readonly string[];

  /** The value: from the cache, else loaded and stored. */
  async get(): Promise<Value> {
    return this.#handle.get(this.fields);
  }

  /** The value if it is cached and valid, else undefined; nothing is loaded. */
  peek(): Promise<Value | undefined> {
    return this.#handle.peek(this.fields);
  }

  /** Loads the value anew, stores and answers it. */
  refresh(): Promise<Value> {
    return this.#handle.refresh(this.fields);
  }

  /** Stores a value that was made elsewhere. */
  set(value: Value): Promise<void> {
    return this.#handle.set([this.fields], value);
  }

  /** The value with its facts; undefined where it would be loaded. */
  entry(): Promise<CachedEntry<Value> | undefined> {
    return this.#handle.entry(this.fields);
  }

  /** What the cache would answer and why. */
  explain(): Promise<Explanation> {
    return this.#handle.explain(this.fields);
  }

  /** Drops the value; in a transaction, at its commit. */
  invalidate(): Promise<void> {
    return this.#handle.invalidate(this.fields);
  }

  /** Drops the value now and has it computed by the queue, at once or so much later. */
  refreshLater(options?: Partial<After>): Promise<void> {
    return this.#handle.refreshLater([this.fields], options);
  }

  /** Drops the value so much later; until then it is served as it is. */
  invalidateLater(options: After): Promise<void> {
    return this.#handle.invalidateLater([this.fields], options);
  }

  get #handle(): CachedFunction<readonly [NodeFields], Value> {
    return handleOf(this.constructor) as CachedFunction<readonly [NodeFields], Value>; // its class says what it loads
  }

  /** The values of nodes of this class, in their order: one command for all that are stored, one `loadMany` for the others. */
  static async getMany<One extends AnyNode>(this: NodeClass<One>, nodes: readonly One[]): Promise<ValueOf<One>[]> {
    const values = await handleOf(this).getMany(nodes.map(({ fields }) => [fields] as const));
    return values as ValueOf<One>[]; // its class says what it loads
  }

  /** Drops the values of every node that has these fields, whatever its others are. Needs `static fields`. */
  static async invalidateMatching(fields: NodeFields): Promise<void> {
    await handleOf(this).invalidateMatching(fields);
  }

  /** Drops the values of every node of this class, in constant time. */
  static async invalidateAll(): Promise<void> {
    await handleOf(this).invalidateAll();
  }

  /** Ends the declaration: the label is free again. For tests and reloads. */
  static undeclare(): void {
    handleOf(this).undeclare();
    handles.delete(this);
  }

  /** A node class that is made at run time. Throws UsageError as a declaration does. */
  static define<Fields extends NodeFields, Value>(
    definition: NodeDefinition<Fields, Value>,
  ): DefinedNode<Fields, Value> {
    const { label, load, key, tags, ...statics } = definition;
    const where = `CacheNode.define('${label}')`;
    rejectUnknownOptions(where, definition, definitionNames);
    class DefinedNodeClass extends CacheNode<Fields, Value> {}
    Object.assign(DefinedNodeClass, statics);
    for (const [name, method] of Object.entries({ load, key, tags })) {
      if (typeof method === 'function') Reflect.set(DefinedNodeClass.prototype, name, onFields(method as never)); // it takes these fields, as its type says
    }
    declareNode(DefinedNodeClass, { label, where, place: placeOfCall(CacheNode.define) });
    return DefinedNodeClass;
  }
}

/** Declares a class that extends `CacheNode` under a label. Throws UsageError for one that cannot load and for wrong static properties. */
export function Node(label: string): (target: NodeClass<AnyNode>) => void {
  return function declare(target) {
    const file = placeOfCall(declare).replace(/:\d+:\d+$/, '');
    declareNode(target, {
      label,
      where: `@Node('${label}') on ${target.name}`,
      place: `${file}, class ${target.name}`,
    });
  };
}

function declareNode(target: object, declared: Declared): void {
  const { where, label } = declared;
  if (typeof label !== 'string' || label === '') {
    throw new UsageError(`${where}: the label must be a text that is not empty`);
  }
  const nodeOf = (fields: NodeFields): AnyNode => new (target as new (fields: NodeFields) => AnyNode)(fields); // as declared
  const loadMany: unknown = Reflect.get(target, 'loadMany');
  const many = typeof loadMany === 'function' ? toLoadMany(target, loadMany, nodeOf) : undefined;
  const load = loaderOf(where, target, { nodeOf, many });
  const has = methodsOf(target);
  const handle = declareFunction<readonly [NodeFields], unknown>(
    {
      ...declared,
      known: {
        inObject: true,
        ...(has('watch') ? { sourcesOf: (fields: NodeFields) => nodeOf(fields).watch?.() } : {}),
      },
    },
    load,
    {
      ...staticsOf(where, target),
      ...(has('key') ? { key: (fields: NodeFields) => nodeOf(fields).key?.() } : {}),
      ...(has('tags') ? { tag: (fields: NodeFields) => nodeOf(fields).tags?.() ?? [] } : {}),
      ...(many ? { loadMany: many } : {}),
    },
  );
  handles.set(target, handle);
}

type LoadMany = (calls: readonly (readonly [NodeFields])[]) => Promise<readonly unknown[]>;

function toLoadMany(target: object, loadMany: unknown, nodeOf: (fields: NodeFields) => AnyNode): LoadMany {
  const call = loadMany as (nodes: readonly AnyNode[]) => Promise<readonly unknown[]>; // checked by its caller
  return (calls) =>
    call.call(
      target,
      calls.map(([fields]) => nodeOf(fields)),
    );
}

function loaderOf(
  where: string,
  target: object,
  { nodeOf, many }: { readonly nodeOf: (fields: NodeFields) => AnyNode; readonly many: LoadMany | undefined },
): (fields: NodeFields) => Promise<unknown> {
  if (methodsOf(target)('load')) return async (fields) => nodeOf(fields).load?.();
  if (many) return async (fields) => (await many([[fields]]))[0];
  throw new UsageError(`${where}: a node needs async load() { … }, or static async loadMany(nodes) { … }`);
}

/** Static properties as options of a function. */
function staticsOf(where: string, target: object): CachedOptions<readonly [NodeFields], unknown> {
  const given = staticNames.filter((name) => Reflect.get(target, name) !== undefined);
  const fields: unknown = Reflect.get(target, 'fields');
  const watch: unknown = Reflect.get(target, 'watch');
  const followsByPath = Array.isArray(watch) && watch.some((one) => Array.isArray(one) && typeof one[1] === 'function');
  if (followsByPath && fields === undefined) {
    throw new UsageError(`${where}: a path in static watch gives fields by name; name them: static fields = ['…']`);
  }
  const entries = given.map((name) => [name, Reflect.get(target, name) as unknown] as const);
  return { ...Object.fromEntries(entries), ...(fields === undefined ? {} : { args: fields as readonly string[] }) };
}

function methodsOf(target: object): (name: string) => boolean {
  const prototype = Reflect.get(target, 'prototype') as object; // a class
  return (name) => typeof Reflect.get(prototype, name) === 'function';
}

function onFields(method: (fields: NodeFields) => unknown): (this: AnyNode) => unknown {
  return function onOwnFields(this: AnyNode) {
    return method(this.fields);
  };
}

function handleOf(target: object): Handle {
  const handle = handles.get(target);
  if (handle) return handle;
  const name = String(Reflect.get(target, 'name'));
  throw new UsageError(`${name} is no node: write @Node('label') above the class, with a label of its own`);
}
