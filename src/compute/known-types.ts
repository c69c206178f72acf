/** The classes of JavaScript whose instances are bytes and nothing else. */
const byteTypes = [
  ArrayBuffer,
  DataView,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;

type Bytes = InstanceType<(typeof byteTypes)[number]>;

const namesByPrototype = new Map<unknown, string>([
  [Buffer.prototype, 'Buffer'],
  ...byteTypes.map((type) => [type.prototype, type.name] as const),
]);
const typesByName = new Map<string, (typeof byteTypes)[number]>(byteTypes.map((type) => [type.name, type]));

/** The name of the class of an ArrayBuffer, typed array, DataView or Buffer itself; undefined for anything else. */
export function byteTypeOf(value: object): string | undefined {
  return namesByPrototype.get(Object.getPrototypeOf(value));
}

/** Those bytes that a value shows, of the memory that it may share with others. */
export function base64Of(value: object): string {
  const bytes = value as Bytes; // byteTypeOf knows it
  if (bytes instanceof ArrayBuffer) return Buffer.from(bytes).toString('base64');
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** A value of that class over memory of its own. Throws TypeError where there is no such class, or such a length. */
export function bytesFrom(name: string, base64: string): object {
  const copy = Buffer.from(base64, 'base64');
  if (name === 'Buffer') return copy;
  const type = typesByName.get(name);
  if (!type) throw new TypeError(`there is no class of bytes ${name}`);
  const memory = new ArrayBuffer(copy.length);
  copy.copy(new Uint8Array(memory));
  return type === ArrayBuffer ? memory : new (type as typeof Uint8Array)(memory); // all others take the memory alone
}

/** Whether an object has no class: a literal, one without a prototype, or one of another realm. */
export function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return (
    typeof prototype === 'object' && Object.getPrototypeOf(prototype) === null && hasOwn(prototype, 'isPrototypeOf')
  );
}

/** Whether a list is one of the language's own class. NOTE: of all prototypes only that one is a list itself. */
export function isPlainList(value: object): value is unknown[] {
  return Array.isArray(value) && Array.isArray(Object.getPrototypeOf(value));
}

function hasOwn(object: object, name: string): boolean {
  return Object.hasOwn(object, name);
}

/** How a value that is not taken is called in a message. */
export function described(value: unknown): string {
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'object' || value === null) return `a ${typeof value}`;
  return `an instance of ${className(value)}`;
}

/** The name of the class of an object. */
export function className(value: object): string {
  const { constructor }: { constructor?: unknown } = value;
  return typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'a class without a name';
}
