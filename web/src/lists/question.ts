/** What a list asks the data plane for: the same for its rows, its histogram and its export. */
import type { Filter } from "~/filters/filter";
import { parse } from "~/filters/language";
import type { ListAddress } from "~/lists/address";
import { columnOf, readColumns } from "~/lists/columns";
import type { ListKind } from "~/lists/kinds";
import { type DateRange, dateRangeOf } from "~/lists/ranges";

export interface Sort {
  readonly field: string;
  readonly order: "asc" | "desc";
}

export interface Question {
  readonly filters: readonly Filter[];
  readonly dateRange?: DateRange;
  readonly sort: Sort;
  readonly projections: readonly string[];
}

export const NEWEST_FIRST: Sort = { field: "start_time", order: "desc" };
/** What each row is told by, sorted by and opened with, whatever its columns are. */
const ALWAYS_ASKED = [
  "event_id",
  "event_type",
  "event_name",
  "session_id",
  "start_time",
  "end_time",
  "duration",
  "error",
  "metadata.num_errors",
];
const SORTABLE = /^-?(start_time|duration|cost|total_tokens|event_name|error)$/;

export function readSort(written: string | undefined): Sort {
  if (!written || !SORTABLE.test(written)) return NEWEST_FIRST;
  const isDescending = written.startsWith("-");
  return { field: written.replace("-", ""), order: isDescending ? "desc" : "asc" };
}

export function writeSort({ field, order }: Sort): string | undefined {
  if (field === NEWEST_FIRST.field && order === NEWEST_FIRST.order) return undefined;
  return order === "desc" ? `-${field}` : field;
}

/** The next sort when somebody clicks a column: largest first, then smallest, then as it was. */
export function nextSort(current: Sort, field: string): Sort {
  if (current.field !== field) return { field, order: "desc" };
  if (current.order === "desc") return { field, order: "asc" };
  return NEWEST_FIRST;
}

export function isNewestFirst({ field, order }: Sort): boolean {
  return field === NEWEST_FIRST.field && order === NEWEST_FIRST.order;
}

/** What of the filters' text cannot be read asks nothing: the bar says so. */
export function questionOf(kind: ListKind, address: ListAddress): Question {
  const dateRange = dateRangeOf(address);
  const columns = readColumns(address.columns, kind.columns);
  const fields = columns.map(({ field }) => columnOf(field).field);
  return {
    filters: [...kind.always, ...parse(address.q ?? "").filters],
    ...(dateRange ? { dateRange } : {}),
    sort: readSort(address.sort),
    projections: [...new Set([...ALWAYS_ASKED, kind.primary, ...fields])],
  };
}

/** The part of a question that says which events, not how they are shown. */
export function matching({ filters, dateRange }: Question): {
  filters: readonly Filter[];
  dateRange?: DateRange;
} {
  return { filters, ...(dateRange ? { dateRange } : {}) };
}
