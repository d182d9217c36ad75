import { type RefObject, useLayoutEffect, useRef } from "react";
import type { Outline } from "~/session/outline/outline";
import { hasRow, rowOf } from "~/session/tree/rows";
import { ROW_PX } from "~/session/tree/TreeRow";

interface Seen {
  readonly outline: Outline;
  readonly rows: Int32Array;
  readonly cursor: number | undefined;
}

/**
 * Where the tree is scrolled to: at the selected row when another one is selected, and elsewhere at
 * the rows that were seen before, also when a growing session puts new ones above them.
 */
export function useSteadyScroll(
  outline: Outline,
  rows: Int32Array,
  cursor: number | undefined,
  grid: RefObject<HTMLElement | null>,
  scrollTo: (row: number) => void,
): void {
  const before = useRef<Seen>(undefined);
  useLayoutEffect(() => {
    const was = before.current;
    before.current = { outline, rows, cursor };
    const element = grid.current;
    if (!element) return;
    if (isNew(was, outline, cursor)) {
      if (cursor !== undefined && hasRow(rows, cursor)) scrollTo(rowOf(rows, cursor));
      else if (cursor !== undefined) before.current = { outline, rows, cursor: undefined };
      return;
    }
    if (!was || was.outline.revision === outline.revision) return;
    const topRow = Math.floor(element.scrollTop / ROW_PX);
    if (topRow === 0) return;
    const place = outline.placeOf(was.outline.id(was.rows[topRow] ?? 0));
    if (place === undefined || !hasRow(rows, place)) return;
    element.scrollTop += (rowOf(rows, place) - topRow) * ROW_PX;
  });
}

/** Whether another event is selected than before: places change as a session grows. */
function isNew(was: Seen | undefined, outline: Outline, cursor: number | undefined): boolean {
  if (cursor === undefined) return false;
  return was?.cursor === undefined || was.outline.id(was.cursor) !== outline.id(cursor);
}
