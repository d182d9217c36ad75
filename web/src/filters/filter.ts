/** A condition on one field of an event, as the data plane's API takes it (contract C10). */

export type FilterType = "string" | "number" | "boolean" | "datetime";

export type Operator =
  | "is"
  | "is not"
  | "contains"
  | "not contains"
  | "greater than"
  | "less than"
  | "after"
  | "before"
  | "exists"
  | "not exists";

export interface Filter {
  /** Dotted path of the wide event, such as `metadata.user_id`. */
  readonly field: string;
  readonly operator: Operator;
  readonly type: FilterType;
  /** Not there for `exists` and `not exists`. A time is ISO 8601. */
  readonly value?: string | number | boolean;
}

const COMMON: readonly Operator[] = ["is", "exists", "not exists"];

/** Which operators a type knows, the usual one first. */
export const OPERATORS: Readonly<Record<FilterType, readonly Operator[]>> = {
  string: ["is", "is not", "contains", "not contains", "exists", "not exists"],
  number: ["is", "is not", "greater than", "less than", "exists", "not exists"],
  boolean: COMMON,
  datetime: ["after", "before", "is", "is not", "exists", "not exists"],
};

export function needsValue(operator: Operator): boolean {
  return operator !== "exists" && operator !== "not exists";
}

export function sameFilter(one: Filter, other: Filter): boolean {
  return (
    one.field === other.field &&
    one.operator === other.operator &&
    one.type === other.type &&
    one.value === other.value
  );
}
