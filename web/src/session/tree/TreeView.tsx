/** Tree and timeline in one: a row is a node, at the left its name, at the right when it ran. */
import { Button } from "@mantine/core";
import { useElementSize, useMergedRef } from "@mantine/hooks";
import { type CSSProperties, useRef, useState } from "react";
import { Empty } from "~/app/states";
import type { Facts } from "~/session/outline/facts";
import { SplitHandle } from "~/session/tree/SplitHandle";
import { TreeGrid } from "~/session/tree/TreeGrid";
import { TreeToolbar } from "~/session/tree/TreeToolbar";
import classes from "~/session/tree/tree.module.css";
import { pageKeys } from "~/session/tree/treeKeys";
import { useTreeModel } from "~/session/tree/useTreeModel";
import { useZoom } from "~/session/tree/useZoom";
import { usePageKeys } from "~/session/usePageKeys";
import type { AddressBook } from "~/session/useSessionAddress";
import { text } from "~/text/en";

/** The share of the width that names take: more of a narrow one. */
function namesWithin(width: number): number {
  if (width < 640) return 0.64;
  return width < 900 ? 0.58 : 0.5;
}

interface TreeViewProps {
  readonly facts: Facts;
  readonly book: AddressBook;
  readonly selected: number | undefined;
  /** Into the details. */
  readonly onEnter: () => void;
}

export function TreeView({ facts, book, selected, onEnter }: TreeViewProps) {
  const tree = useTreeModel(facts, book, selected);
  const zoom = useZoom(facts.extents, book.address.zoom, (value) => book.look({ zoom: value }));
  const input = useRef<HTMLInputElement>(null);
  const grid = useRef<HTMLDivElement>(null);
  // Of the grid, not of what is around it: a scroll bar takes some of that.
  const { ref, width } = useElementSize();
  const measured = useMergedRef(ref, grid);
  const [chosen, setChosen] = useState<number>();
  const names = chosen ?? namesWithin(width);
  usePageKeys(pageKeys(tree, zoom, () => input.current?.select()));
  const { matches, cursor } = tree;
  return (
    <section className={classes["tree"]} aria-label={text.session.views.tree}>
      <TreeToolbar
        input={input}
        search={{
          sought: tree.sought,
          set: (q) => book.look({ q: q || undefined }),
          matches,
          current: cursor === undefined ? -1 : matches.indexOf(cursor),
          next: tree.nextMatch,
          previous: tree.previousMatch,
        }}
        kinds={tree.kinds}
        onKinds={(kinds) => book.look({ only: kinds.join(",") || undefined })}
        folding={tree.folding}
        onWhole={zoom.isWhole ? undefined : zoom.whole}
        onLeave={() => grid.current?.focus()}
      />
      <div
        className={classes["frame"]}
        style={{ "--names": width ? `${names * width}px` : `${names * 100}%` } as CSSProperties}
      >
        {tree.rows.length === 0 ? (
          <Empty
            title={text.session.tree.nothingFits}
            action={
              <Button size="xs" variant="default" onClick={() => book.look({ only: undefined })}>
                {text.session.tree.showAll}
              </Button>
            }
          />
        ) : (
          <>
            <TreeGrid
              facts={facts}
              tree={tree}
              zoom={zoom}
              grid={grid}
              measure={measured}
              width={width * (1 - names)}
              onEnter={onEnter}
            />
            <SplitHandle share={names} width={width} onShare={setChosen} />
          </>
        )}
      </div>
    </section>
  );
}
