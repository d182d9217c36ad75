/** Which rows are selected: a set of keys, and the row that a range starts from. */
import { type Row, rowKey } from "~/lists/rows";

export interface Selection {
  readonly rows: ReadonlyMap<string, Row>;
  /** Key of the row that was chosen last. */
  readonly anchor?: string;
}

export const NOTHING: Selection = { rows: new Map() };

export function toggled(selection: Selection, row: Row): Selection {
  const rows = new Map(selection.rows);
  const key = rowKey(row);
  if (!rows.delete(key)) rows.set(key, row);
  return { rows, anchor: key };
}

/** All from the anchor to `row`, both included; without an anchor that one alone. */
export function extended(selection: Selection, row: Row, all: readonly Row[]): Selection {
  const to = all.indexOf(row);
  const from = all.findIndex((one) => rowKey(one) === selection.anchor);
  if (from < 0 || to < 0) return toggled(selection, row);
  const range = all.slice(Math.min(from, to), Math.max(from, to) + 1);
  const added = range.map((one) => [rowKey(one), one] as const);
  return { ...selection, rows: new Map([...selection.rows, ...added]) };
}

/** All of these rows, or none of them where all are selected already. */
export function allOrNone(selection: Selection, all: readonly Row[]): Selection {
  if (areAll(selection, all)) return NOTHING;
  return { rows: new Map(all.map((row) => [rowKey(row), row])) };
}

export function areAll(selection: Selection, all: readonly Row[]): boolean {
  return all.length > 0 && all.every((row) => selection.rows.has(rowKey(row)));
}
