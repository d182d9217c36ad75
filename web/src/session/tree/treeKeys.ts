/** What keys do in the tree. */
import type { Facts } from "~/session/outline/facts";
import { TOP } from "~/session/outline/outline";
import { rowOf } from "~/session/tree/rows";
import type { TreeModel } from "~/session/tree/useTreeModel";
import type { Zoom } from "~/session/tree/useZoom";
import type { Keys } from "~/session/usePageKeys";

const ZOOM_STEP = 1.5;
const MOVE_STEP = 0.15;
const PAGE_ROWS = 15;

/** To another row, counted from the selected one; the first where none is. */
function byRows({ rows, cursor, go }: TreeModel, step: number): void {
  if (rows.length === 0) return;
  const from = cursor === undefined ? -Math.sign(step) : rowOf(rows, cursor);
  go(rows[Math.min(rows.length - 1, Math.max(0, from + step))]);
}

/** Keys that work anywhere on the page. */
export function pageKeys(tree: TreeModel, zoom: Zoom, search: () => void): Keys {
  const { cursor, folding } = tree;
  const taken = (act: () => void) => (event: KeyboardEvent) => {
    event.preventDefault();
    act();
  };
  return new Map<string, (event: KeyboardEvent) => void>([
    ["j", () => byRows(tree, 1)],
    ["k", () => byRows(tree, -1)],
    ["n", tree.nextMatch],
    ["N", tree.previousMatch],
    ["/", taken(search)],
    ["z", () => cursor !== undefined && zoom.to(cursor)],
    ["+", () => zoom.by(1 / ZOOM_STEP)],
    ["-", () => zoom.by(ZOOM_STEP)],
    ["0", zoom.whole],
    ["f", () => (folding.folds.depth === 0 ? folding.unfoldAll() : folding.foldAll())],
  ]);
}

/** Keys of the tree while it has the focus. */
export function gridKeys(
  facts: Facts,
  tree: TreeModel,
  zoom: Zoom,
  enter: () => void,
): ReadonlyMap<string, () => void> {
  return new Map([
    ["ArrowDown", () => byRows(tree, 1)],
    ["ArrowUp", () => byRows(tree, -1)],
    ["PageDown", () => byRows(tree, PAGE_ROWS)],
    ["PageUp", () => byRows(tree, -PAGE_ROWS)],
    ["Home", () => tree.go(tree.rows[0])],
    ["End", () => tree.go(tree.rows.at(-1))],
    ["ArrowLeft", () => outwards(facts, tree)],
    ["ArrowRight", () => inwards(facts, tree)],
    ["Shift+ArrowLeft", () => zoom.move(-MOVE_STEP)],
    ["Shift+ArrowRight", () => zoom.move(MOVE_STEP)],
    ["Enter", enter],
  ]);
}

function outwards({ outline }: Facts, { cursor, folding, go }: TreeModel): void {
  if (cursor === undefined) return;
  if (outline.hasChildren(cursor) && !folding.isFolded(cursor)) folding.turn(cursor);
  else if (outline.parent(cursor) !== TOP) go(outline.parent(cursor));
}

function inwards({ outline }: Facts, tree: TreeModel): void {
  const { cursor, folding } = tree;
  if (cursor === undefined || !outline.hasChildren(cursor)) return;
  if (folding.isFolded(cursor)) folding.turn(cursor);
  else byRows(tree, 1);
}
