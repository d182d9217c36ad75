/** The rows that are seen of a tree of any size, under a head that stays. */
import { useVirtualizer } from "@tanstack/react-virtual";
import {
  type KeyboardEvent,
  type MouseEvent,
  type RefCallback,
  type RefObject,
  useRef,
} from "react";
import type { Facts } from "~/session/outline/facts";
import { Axis, ticksWithin } from "~/session/tree/Axis";
import { ticks } from "~/session/tree/axis";
import { Minimap } from "~/session/tree/Minimap";
import { hasRow, LEADS, rowOf } from "~/session/tree/rows";
import { ROW_PX, TreeRow } from "~/session/tree/TreeRow";
import classes from "~/session/tree/tree.module.css";
import { gridKeys } from "~/session/tree/treeKeys";
import { useSteadyScroll } from "~/session/tree/useSteadyScroll";
import type { TreeModel } from "~/session/tree/useTreeModel";
import { useWheel } from "~/session/tree/useWheel";
import type { Zoom } from "~/session/tree/useZoom";
import { text } from "~/text/en";

export const HEAD_PX = 58;
const OVERSCAN = 8;

interface TreeGridProps {
  readonly facts: Facts;
  readonly tree: TreeModel;
  readonly zoom: Zoom;
  readonly grid: RefObject<HTMLDivElement | null>;
  /** Sets `grid`, and watches its size. */
  readonly measure: RefCallback<HTMLDivElement>;
  /** Pixels of the timeline. */
  readonly width: number;
  readonly onEnter: () => void;
}

export function TreeGrid({ facts, tree, zoom, grid, measure, width, onEnter }: TreeGridProps) {
  const { rows, kept, folding, cursor } = tree;
  const axis = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => grid.current,
    estimateSize: () => ROW_PX,
    overscan: OVERSCAN,
    scrollMargin: HEAD_PX,
    scrollPaddingStart: HEAD_PX,
  });
  useSteadyScroll(facts.outline, rows, cursor, grid, (row) => virtual.scrollToIndex(row));
  useWheel(grid, axis, zoom);
  const shown = cursor !== undefined && hasRow(rows, cursor) ? cursor : undefined;
  const isActiveDrawn =
    shown !== undefined &&
    virtual.getVirtualItems().some(({ index }) => index === rowOf(rows, shown));
  function press(event: KeyboardEvent) {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey) return;
    const key = event.shiftKey ? `Shift+${event.key}` : event.key;
    const act = gridKeys(facts, tree, zoom, onEnter).get(key);
    if (!act) return;
    event.preventDefault();
    act();
  }
  function click(event: MouseEvent) {
    const target = event.target as Element;
    const place = Number(target.closest<HTMLElement>("[data-place]")?.dataset["place"] ?? -1);
    if (place < 0) return;
    grid.current?.focus({ preventScroll: true });
    if (target.closest("[data-fold]")) folding.turn(place);
    else tree.go(place, false);
  }
  return (
    <div
      ref={measure}
      role="treegrid"
      tabIndex={0}
      aria-label={text.session.tree.label}
      aria-rowcount={rows.length + 1}
      aria-activedescendant={isActiveDrawn ? `node-${shown}` : undefined}
      className={classes["grid"]}
      onKeyDown={press}
      onClick={click}
    >
      <Head facts={facts} zoom={zoom} width={width} axis={axis} />
      <div role="rowgroup" className={classes["rows"]} style={{ height: virtual.getTotalSize() }}>
        <GridLines zoom={zoom} width={width} />
        {virtual.getVirtualItems().map(({ index, start }) => {
          const place = rows[index] ?? 0;
          return (
            <TreeRow
              key={facts.outline.id(place)}
              facts={facts}
              place={place}
              top={start - HEAD_PX}
              number={index + 2}
              range={zoom.range}
              width={width}
              isSelected={place === shown}
              isFolded={folding.isFolded(place)}
              isDim={kept?.[place] === LEADS}
              sought={tree.sought}
            />
          );
        })}
      </div>
    </div>
  );
}

interface HeadProps {
  readonly facts: Facts;
  readonly zoom: Zoom;
  readonly width: number;
  readonly axis: RefObject<HTMLDivElement | null>;
}

function Head({ facts, zoom, width, axis }: HeadProps) {
  const words = text.session.tree;
  return (
    <div role="rowgroup" className={classes["head"]} style={{ height: HEAD_PX }}>
      <div role="row" aria-rowindex={1} className={classes["headRow"]}>
        <div role="columnheader" className={classes["nameHead"]}>
          {words.name}
        </div>
        <div role="columnheader" className={classes["numberHead"]}>
          {words.tokens}
        </div>
        <div role="columnheader" className={classes["numberHead"]}>
          {words.cost}
        </div>
        <div role="columnheader" aria-label={words.timeline} className={classes["timeHead"]}>
          <Minimap facts={facts} zoom={zoom} width={width} />
          <Axis zoom={zoom} width={width} axis={axis} />
        </div>
      </div>
    </div>
  );
}

/** Thin lines below the ticks. */
function GridLines({ zoom, width }: { readonly zoom: Zoom; readonly width: number }) {
  return (
    <div className={classes["lines"]} aria-hidden>
      {ticks(zoom.range, ticksWithin(width)).map(({ at, share }) => (
        <span key={at} style={{ left: `${share * 100}%` }} />
      ))}
    </div>
  );
}
