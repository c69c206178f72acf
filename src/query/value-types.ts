import type { Aggregate } from './aggregates.js';
import type { KeyValue, PropertyNames } from './filter-types.js';

/** The model that a foreign key's property leads to; never for other properties. */
export type ToOneTarget<V> = [Extract<V, PromiseLike<unknown>>] extends [never]
  ? never
  : [Exclude<V, PromiseLike<unknown> | null>] extends [never]
    ? never
    : NonNullable<Awaited<V>>;

/** Null where a foreign key may lead nowhere. */
type NullOf<V> = null extends Awaited<V> ? null : never;

/** The raw key of a foreign key's property. */
type KeyOf<T, P extends string> = `${P}Id` extends keyof T ? T[`${P}Id`] : KeyValue;

/** The type of a column, also of a row that foreign keys lead to: `createdBy__username`. Never for what is none. */
export type PathValue<T, P extends string> =
  P extends PropertyNames<T>
    ? [ToOneTarget<T[P]>] extends [never]
      ? T[P]
      : KeyOf<T, P>
    : P extends `${infer Head}__${infer Rest}`
      ? Head extends PropertyNames<T>
        ? [ToOneTarget<T[Head]>] extends [never]
          ? never
          : | PathValue<ToOneTarget<T[Head]>, Rest>
            | ([PathValue<ToOneTarget<T[Head]>, Rest>] extends [never] ? never : NullOf<T[Head]>)
        : never
      : never;

/** What says at compile time that a name is wrong. */
export type NoColumn<P> = P extends string ? { readonly 'no such column': P } : never;

/** A column's name, completed for the model's own columns. */
export type ColumnName<T> = PropertyNames<T> | (string & {});

/** The names themselves where each is a column's, else what does not compile. */
export type CheckedNames<T, N extends readonly string[]> = {
  readonly [I in keyof N]: string extends N[I] ? N[I] : [PathValue<T, N[I]>] extends [never] ? NoColumn<N[I]> : N[I];
};

/** The same for names that may have a minus in front. */
export type CheckedOrder<T, N extends readonly string[]> = {
  readonly [I in keyof N]: string extends N[I]
    ? N[I]
    : [PathValue<T, N[I] extends `-${infer P}` ? P : N[I]>] extends [never]
      ? NoColumn<N[I]>
      : N[I];
};

/** An object with a value under each name. */
export type ValuesRow<T, N extends string> = { [P in N]: PathValue<T, P> };

/**
 * A type that depends on names of a call. NOTE: TypeScript compares methods with several signatures as if their type
 * parameters were any; what follows from the names is the same then for every model, and so a `QuerySet<Child>` is a
 * `QuerySet<Parent>`.
 */
export type Named<N, Result> = 0 extends 1 & N ? unknown : Result;

type Num = number | bigint | string;

/** What an aggregate of a column gives; never where it takes no such column. */
type AggregateValue<T, A> =
  A extends Aggregate<'count', string>
    ? number
    : A extends Aggregate<infer F, infer C>
      ? [PathValue<T, C>] extends [never]
        ? never
        : F extends 'avg'
          ? NonNullable<PathValue<T, C>> extends Num
            ? number | null
            : never
          : F extends 'sum'
            ? NonNullable<PathValue<T, C>> extends Num
              ? PathValue<T, C> | null
              : never
            : PathValue<T, C> | null
      : never;

/** What `aggregate` answers. */
export type AggregateValues<T, A> = { [N in keyof A]: AggregateValue<T, A[N]> };

type CountedColumn<T, A> =
  A extends Aggregate<'count', infer C>
    ? [C] extends [never]
      ? true
      : [PathValue<T, C>] extends [never]
        ? false
        : true
    : true;

/** The aggregates themselves where each is of a column that it takes, else what does not compile. */
export type CheckedAggregates<T, A> = {
  readonly [N in keyof A]: [AggregateValue<T, A[N]>] extends [never]
    ? { readonly 'no such column': N }
    : CountedColumn<T, A[N]> extends false
      ? { readonly 'no such column': N }
      : A[N];
};
