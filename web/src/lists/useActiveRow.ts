/** The row that the keys move: told by its event, so that news above it do not shift it. */
import { useEffect, useMemo, useRef, useState } from "react";
import { type Row, rowKey } from "~/lists/rows";
import type { Rows } from "~/lists/useRows";

export interface ActiveRow {
  /** -1: none. */
  readonly index: number;
  readonly row: Row | undefined;
  readonly move: (by: number) => void;
  readonly moveTo: (index: number) => void;
  readonly leave: () => void;
}

/** @param opened id of the event that was opened last, which is found again. */
export function useActiveRow(
  { rows, offset }: Rows,
  opened: string | undefined,
  reveal: (index: number) => void,
): ActiveRow {
  const [key, setKey] = useState<string>();
  const within = useMemo(
    () => (key === undefined ? -1 : rows.findIndex((row) => rowKey(row) === key)),
    [rows, key],
  );
  const index = within < 0 ? -1 : within + offset;

  // Found again once, unless somebody moved on: a page that comes later must not pull him back.
  const sought = useRef(opened);
  useEffect(() => {
    const found = rows.find((row) => row.event_id === sought.current);
    if (!found) return;
    sought.current = undefined;
    setKey(rowKey(found));
  }, [rows]);

  function moveTo(target: number) {
    const at = Math.min(rows.length - 1, Math.max(0, target - offset));
    const row = rows[at];
    if (!row) return;
    sought.current = undefined;
    setKey(rowKey(row));
    // Above what is in memory there is more: the window follows, and the rows come.
    reveal(target <= 0 ? 0 : at + offset);
  }

  return {
    index,
    row: rows[within],
    move: (by) => moveTo(index < 0 ? offset : index + by),
    moveTo,
    leave: () => {
      sought.current = undefined;
      setKey(undefined);
    },
  };
}
