/** Which rows are selected: a set of keys, and the row that a range starts from. */
import type { Matching } from "~/lists/requests";
import { type Row, rowKey } from "~/lists/rows";

export interface Selection {
  readonly rows: ReadonlyMap<string, Row>;
  /** Key of the row that was chosen last. */
  readonly anchor?: string;
  /** All that match this, of which `rows` are those that were loaded then. */
  readonly every?: Matching;
}

export const NOTHING: Selection = { rows: new Map() };

export function toggled(selection: Selection, row: Row): Selection {
  const rows = new Map(selection.rows);
  const key = rowKey(row);
  if (!rows.delete(key)) rows.set(key, row);
  return { rows, anchor: key };
}

/** A row is turned, or all from the anchor to it are added where these are more than it. */
export function picked(selection: Selection, row: Row, range: readonly Row[]): Selection {
  return range.length > 1 ? extended(selection, row, range) : toggled(selection, row);
}

/** All that match, loaded or not. */
export function everyMatching(matching: Matching, loaded: readonly Row[]): Selection {
  return { ...allOf(loaded), every: matching };
}

/** The rows that are meant, as far as they are here: from all that match none can be taken away. */
export function amongLoaded(selection: Selection, loaded: readonly Row[]): Selection {
  return selection.every ? allOf(loaded) : selection;
}

/** All that match one question are not all that match another. */
export function meantFor(selection: Selection, matching: Matching): Selection {
  return selection.every && selection.every !== matching ? NOTHING : selection;
}

function allOf(loaded: readonly Row[]): Selection {
  return { rows: new Map(loaded.map((row) => [rowKey(row), row])) };
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
  return allOf(all);
}

export function areAll(selection: Selection, all: readonly Row[]): boolean {
  return all.length > 0 && all.every((row) => isSelected(selection, row));
}

export function isSelected({ rows, every }: Selection, row: Row): boolean {
  return every !== undefined || rows.has(rowKey(row));
}
