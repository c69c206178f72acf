/** What the example keeps of one package.json. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly description: string | null;
  readonly homepage: string | null;
  readonly people: readonly ManifestPerson[];
  readonly dependencies: readonly ManifestDependency[];
  /** Where it lies, relative to the project. */
  readonly path: string;
  readonly bytes: number;
}

export interface ManifestPerson {
  readonly name: string;
  readonly email: string | null;
  readonly role: Role;
}

export interface ManifestDependency {
  readonly name: string;
  readonly range: string;
  readonly kind: Kind;
}

export const roles = ['author', 'maintainer', 'contributor'] as const;
export type Role = (typeof roles)[number];

export const kinds = ['runtime', 'optional', 'peer'] as const;
export type Kind = (typeof kinds)[number];

const fieldOfKind = {
  runtime: 'dependencies',
  optional: 'optionalDependencies',
  peer: 'peerDependencies',
} as const;
const mostOfAKind = 500;

/** Reads the text of a package.json. Throws if it is none: no JSON, or without name and version. */
export function readManifest(text: string, { path, bytes }: Pick<Manifest, 'path' | 'bytes'>): Manifest {
  const json: unknown = JSON.parse(text);
  const name = textIn(json, 'name', 214);
  const version = textIn(json, 'version', 256);
  if (name === null || version === null) throw new Error('A package.json needs a name and a version.');
  return {
    name,
    version,
    license: licenseIn(json) ?? 'none stated',
    description: textIn(json, 'description', 2000),
    homepage: textIn(json, 'homepage', 2000),
    people: peopleIn(json),
    dependencies: kinds.flatMap((kind) => dependenciesIn(json, kind)),
    path,
    bytes,
  };
}

/** `"MIT"`, and what was written before: `{ "type": "MIT" }`, or a list of them under `licenses`. */
function licenseIn(json: unknown): string | null {
  const license = textIn(json, 'license', 200) ?? textIn(valueIn(json, 'license'), 'type', 200);
  if (license !== null) return license;
  const types = listIn(json, 'licenses').flatMap((one) => textIn(one, 'type', 200) ?? []);
  return types.length > 0 ? types.join(' OR ').slice(0, 200) : null;
}

function peopleIn(json: unknown): ManifestPerson[] {
  const authors = [valueIn(json, 'author')].flatMap((one) => personIn(one, 'author') ?? []);
  const maintainers = listIn(json, 'maintainers').flatMap((one) => personIn(one, 'maintainer') ?? []);
  const contributors = listIn(json, 'contributors').flatMap((one) => personIn(one, 'contributor') ?? []);
  return [...authors, ...maintainers, ...contributors];
}

/** `"Ann <ann@example.com> (https://…)"`, or the same as an object. */
function personIn(value: unknown, role: Role): ManifestPerson | undefined {
  const [, written, address] = /^([^<(]*)(?:<([^>]*)>)?/.exec(typeof value === 'string' ? value : '') ?? [];
  const email = clean(address, 200) ?? textIn(value, 'email', 200);
  const name = clean(written, 200) ?? textIn(value, 'name', 200) ?? email;
  return name === null ? undefined : { name, email, role };
}

function dependenciesIn(json: unknown, kind: Kind): ManifestDependency[] {
  const field = valueIn(json, fieldOfKind[kind]);
  if (typeof field !== 'object' || field === null || Array.isArray(field)) return [];
  return Object.entries(field)
    .slice(0, mostOfAKind)
    .map(([name, range]) => ({ name, range: clean(range, 300) ?? '*', kind }));
}

function valueIn(object: unknown, property: string): unknown {
  return typeof object === 'object' && object !== null ? (Reflect.get(object, property) as unknown) : undefined;
}

function textIn(object: unknown, property: string, longest: number): string | null {
  return clean(valueIn(object, property), longest);
}

function listIn(object: unknown, property: string): readonly unknown[] {
  const value = valueIn(object, property);
  return Array.isArray(value) ? (value as unknown[]).slice(0, mostOfAKind) : [];
}

/** Text that every database takes: no zero bytes, no halves of characters; null where there is none. */
function clean(value: unknown, longest: number): string | null {
  if (typeof value !== 'string') return null;
  const text = value.replaceAll('\0', '').slice(0, longest).trim();
  return text === '' ? null : Buffer.from(text).toString();
}
