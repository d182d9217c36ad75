/** The keys of a grid. Letters work anywhere on the page, the others where the grid has the focus. */
import { useHotkeys } from "@mantine/hooks";
import type { KeyboardEvent, RefObject } from "react";
import type { Row } from "~/lists/rows";
import type { ActiveRow } from "~/lists/useActiveRow";

/** Rows that Page Up and Page Down pass. */
const PAGE_STEP = 15;

interface GridKeys {
  readonly grid: RefObject<HTMLDivElement | null>;
  readonly active: ActiveRow;
  /** Index of the last row that is loaded. */
  readonly last: number;
  readonly open: (row: Row) => void;
  readonly pick: (row: Row, isRange: boolean) => void;
  /** Esc: back to how the list was. */
  readonly leave: () => void;
}

/** Returns what the grid does with a key that was pressed on it. */
export function useGridKeys(keys: GridKeys): (event: KeyboardEvent) => void {
  const { grid, active, last, open, pick, leave } = keys;
  const step = (by: number) => () => {
    active.move(by);
    grid.current?.focus({ preventScroll: true });
  };
  const pickActive = (isRange: boolean) => () => active.row && pick(active.row, isRange);
  useHotkeys([
    ["j", step(1)],
    ["k", step(-1)],
    ["x", pickActive(false)],
    ["shift+x", pickActive(true)],
    ["Escape", leave],
  ]);
  return (event) => {
    if (event.target !== grid.current || event.metaKey || event.ctrlKey || event.altKey) return;
    const moves = new Map<string, () => void>([
      ["ArrowDown", step(1)],
      ["ArrowUp", step(-1)],
      ["PageDown", step(PAGE_STEP)],
      ["PageUp", step(-PAGE_STEP)],
      ["Home", () => active.moveTo(0)],
      ["End", () => active.moveTo(last)],
      ["Enter", () => void (active.row && open(active.row))],
      [" ", pickActive(event.shiftKey)],
    ]);
    const move = moves.get(event.key);
    if (!move) return;
    event.preventDefault();
    move();
  };
}
