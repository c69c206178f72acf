import type { ColumnValues } from './column-values.js';
import type { asSubquery } from './conditions/subquery.js';
import type { Combined } from './conditions/q.js';
import type { QuerySet } from './query-set.js';

/**
 * What a relation's property gives: `await document.createdBy`. A row of the other model, or null, may be assigned.
 */
export type Related<T> = T | PromiseLike<T>;

/** Members of every model that are not columns. */
type Reserved = 'isPersisted';

/** What a method, or an accessor of the rows that point here, gives: nothing that a column or relation could. */
type NotStored = ((...args: never[]) => unknown) | RowsLike | PromiseLike<unknown>;

/** Any query set. */
type RowsLike = Pick<QuerySet<object>, 'count' | 'exists'>;

/** The names of a model's columns and relations. */
export type PropertyNames<T> = Exclude<
  { [K in keyof T]-?: NonNullable<T[K]> extends NotStored ? never : K }[keyof T],
  Reserved | symbol | number
> &
  string;

/** What a column or relation may be compared with: a relation takes an instance or its key. */
export type FilterValue<V> = [Extract<V, PromiseLike<unknown>>] extends [never] ? V : Awaited<V> | KeyValue;

/** What a primary key may be. */
export type KeyValue = string | number | bigint;

type Ordered = 'gt' | 'gte' | 'lt' | 'lte';
type TextSearch =
  'iexact' | 'contains' | 'icontains' | 'startswith' | 'istartswith' | 'endswith' | 'iendswith' | 'regex';

/** Rows as the value of an `in`: a query set, or one column of it. */
type InQuery<V> = Pick<QuerySet<object>, 'count' | typeof asSubquery> | ColumnValues<V>;

type InList<V> = readonly V[] | InQuery<V | null>;

/** Conditions on the model's own columns. */
type OwnConditions<T> = { readonly [K in PropertyNames<T>]?: FilterValue<T[K]> | null } & {
  readonly [K in PropertyNames<T> as `${K}__exact`]?: FilterValue<T[K]> | null;
} & { readonly [K in PropertyNames<T> as `${K}__in`]?: InList<NonNullable<FilterValue<T[K]>>> } & {
  readonly [K in PropertyNames<T> as `${K}__${Ordered}`]?: NonNullable<FilterValue<T[K]>>;
} & {
  readonly [K in PropertyNames<T> as `${K}__range`]?: readonly [
    NonNullable<FilterValue<T[K]>>,
    NonNullable<FilterValue<T[K]>>,
  ];
} & {
  readonly [K in PropertyNames<T> as `${K}__isnull`]?: boolean;
} & {
  readonly [K in TextNames<T> as `${K}__${TextSearch}`]?: string;
};

type TextNames<T> = { [K in PropertyNames<T>]: NonNullable<T[K]> extends string ? K : never }[PropertyNames<T>];

/**
 * Conditions on the rows of a model: all of them must hold. Names that go on through a relation or into JSON are checked
 * where a query set takes them.
 */
export type Filter<T> = OwnConditions<T> & { readonly [N in `${ThroughNames<T>}__${string}`]?: Loose };

/** NOTE: with a text in it and a list, since a text is then inferred as it was written, also in a list. */
type Loose = '' | (string & {}) | number | bigint | boolean | null | object | readonly Loose[];

/** The properties that names go on from: relations, accessors of the rows that point here, and JSON. */
type ThroughNames<T> = { [K in keyof T & string]-?: [Beyond<T[K]>] extends [never] ? never : K }[keyof T & string];

/** What names go on to from a property: a model, or JSON. Never from a plain column. */
type Beyond<V> = [TargetOf<V>] extends [never] ? (IsJson<V> extends true ? 'json' : never) : TargetOf<V>;

/** The model that a relation's property leads to, in either direction. */
// NOTE: by one method, since comparing whole query sets would come round to the conditions that they take
type TargetOf<V> = unknown extends V
  ? never
  : [NonNullable<V>] extends [{ first(): Promise<infer U | undefined> }]
    ? U
    : [Extract<V, PromiseLike<unknown>>] extends [never]
      ? never
      : Extract<NonNullable<Awaited<V>>, object>;

type Plain =
  string | number | bigint | boolean | Date | Uint8Array | readonly unknown[] | ((...args: never[]) => unknown);

type IsJson<V> = unknown extends V
  ? true
  : [Extract<V, object>] extends [never]
    ? false
    : [NonNullable<V>] extends [Plain]
      ? false
      : true;

type JsonScalar = string | number | boolean;

/** What a lookup of a column takes. */
type LookupValue<V, L extends string> = L extends 'exact'
  ? V | null
  : L extends 'in'
    ? InList<NonNullable<V>>
    : L extends 'isnull'
      ? boolean
      : L extends Ordered
        ? NonNullable<V>
        : L extends 'range'
          ? readonly [NonNullable<V>, NonNullable<V>]
          : L extends TextSearch
            ? NonNullable<V> extends string
              ? string
              : WrongName<L>
            : WrongName<L>;

type JsonLookupValue<L extends string> = L extends `${string}__${infer Rest}`
  ? JsonLookupValue<Rest>
  : L extends 'in'
    ? readonly JsonScalar[]
    : L extends 'isnull'
      ? boolean
      : L extends Ordered
        ? string | number
        : L extends 'range'
          ? readonly [string, string] | readonly [number, number]
          : JsonScalar | null;

/** What says at compile time that a name is wrong. */
export interface WrongName<N> {
  readonly 'no such column or lookup': N;
}

type RelationValue<U> = U | KeyValue;

/** What a name in a filter takes: `createdBy__username__in` a list of texts. */
type ConditionValue<T, N extends string> = string extends N
  ? unknown
  : N extends PropertyNames<T>
    ? FilterValue<T[N]> | null
    : N extends `${infer Head}__${infer Rest}`
      ? Head extends keyof T
        ? string extends Rest
          ? unknown
          : ConditionBeyond<T, Head, Rest>
        : WrongName<N>
      : N extends keyof T
        ? [TargetOf<T[N]>] extends [never]
          ? WrongName<N>
          : RelationValue<TargetOf<T[N]>> | null
        : WrongName<N>;

type ConditionBeyond<T, Head extends keyof T, Rest extends string> = [TargetOf<T[Head]>] extends [never]
  ? IsJson<T[Head]> extends true
    ? Rest extends 'exact'
      ? T[Head] | null
      : Rest extends 'isnull'
        ? boolean
        : JsonLookupValue<Rest>
    : Head extends PropertyNames<T>
      ? LookupValue<FilterValue<T[Head]>, Rest>
      : WrongName<Rest>
  : Rest extends PropertyNames<TargetOf<T[Head]>>
    ? ConditionValue<TargetOf<T[Head]>, Rest>
    : Rest extends 'exact' | 'in' | 'isnull'
      ? LookupValue<RelationValue<TargetOf<T[Head]>>, Rest>
      : Head extends PropertyNames<T>
        ? Rest extends Ordered
          ? KeyValue
          : Rest extends 'range'
            ? readonly [KeyValue, KeyValue]
            : ConditionValue<TargetOf<T[Head]>, Rest>
        : ConditionValue<TargetOf<T[Head]>, Rest>;

/** The parts of what `Q` combined that do not fit the model. */
type WrongPart<T, P> = P extends Combined<infer Inner> ? WrongPart<T, Inner> : P extends Checked<T, P> ? never : P;

/** Conditions as they were written, where every name and value fits the model; else what does not compile. */
export type Checked<T, F> =
  F extends Combined<infer P>
    ? [WrongPart<T, P>] extends [never]
      ? F
      : { readonly 'does not fit the model': WrongPart<T, P> }
    : { readonly [N in keyof F]: N extends string ? ConditionValue<T, N> : unknown };

/** What a query set takes as conditions. */
export type Conditions<T> = Filter<T> | Combined<unknown>;

/** Conditions under names that are only known when the program runs. */
export type DynamicConditions = Readonly<Record<string, unknown>>;

/** A column to order by; a minus in front turns the order round. */
export type OrderBy<T> = PropertyNames<T> | `-${PropertyNames<T>}` | (string & {});
