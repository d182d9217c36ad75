/** The rows of the tree: the places of the nodes that are neither folded away nor filtered out. */
import { type Outline, TOP } from "~/session/outline/outline";
import { type Folds, isFolded } from "~/session/tree/folds";

/** Of each node `FITS`, `LEADS` or zero for neither. */
export type Kept = Uint8Array;
export const FITS = 1;
/** It stands there because something below it fits. */
export const LEADS = 2;

/** `kept`: what a filter keeps; `hidden`: nodes that are shown as part of another one. */
export function rowsOf(
  outline: Outline,
  folds: Folds,
  kept?: Kept,
  hidden?: ReadonlyMap<number, number>,
): Int32Array {
  const rows = new Int32Array(outline.length);
  let count = 0;
  for (let place = 0; place < outline.length; ) {
    if (kept && !kept[place]) {
      // What leads to something kept is kept itself: nothing below this one is.
      place = outline.after(place);
      continue;
    }
    if (!hidden?.has(place)) {
      rows[count] = place;
      count += 1;
    }
    place = isFolded(folds, outline, place) ? outline.after(place) : place + 1;
  }
  return rows.slice(0, count);
}

/** What a filter keeps: the nodes that fit, and their ancestors. */
export function keep(outline: Outline, fits: (place: number) => boolean): Kept {
  const kept = new Uint8Array(outline.length);
  for (let place = outline.length - 1; place >= 0; place -= 1) {
    if (fits(place)) kept[place] = FITS;
    const above = outline.parent(place);
    if (kept[place] && above !== TOP && !kept[above]) kept[above] = LEADS;
  }
  return kept;
}

/** The row of a place, or of the nearest one before it: rows are in ascending order. */
export function rowOf(rows: Int32Array, place: number): number {
  let [low, high] = [0, rows.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((rows[middle] ?? 0) <= place) low = middle;
    else high = middle - 1;
  }
  return Math.max(0, low);
}

/** Whether the very place has a row. */
export function hasRow(rows: Int32Array, place: number): boolean {
  return rows[rowOf(rows, place)] === place;
}
