/** One node: its name, what it used, and when it ran. */
import { IconChevronRight } from "@tabler/icons-react";
import { type CSSProperties, memo } from "react";
import { makeVisible } from "~/content/visible";
import { formatCost, formatCostShort } from "~/formats/money";
import { formatCompact, formatTokens } from "~/formats/numbers";
import { NodeIcon } from "~/session/NodeIcon";
import { nodeName } from "~/session/nodeName";
import type { Facts } from "~/session/outline/facts";
import type { Range } from "~/session/tree/axis";
import { Marked } from "~/session/tree/Marked";
import { Marks } from "~/session/tree/Marks";
import { TimelineBar } from "~/session/tree/TimelineBar";
import classes from "~/session/tree/tree.module.css";
import { text } from "~/text/en";

export const ROW_PX = 30;
const INDENT_PX = 16;
/** Deeper ones stand as deep as this: their level is written. */
const DEEPEST = 18;

export interface TreeRowProps {
  readonly facts: Facts;
  readonly place: number;
  /** Pixels below the head. */
  readonly top: number;
  /** From 1, the head being the first. */
  readonly number: number;
  readonly range: Range;
  /** Pixels of the timeline. */
  readonly width: number;
  readonly isSelected: boolean;
  readonly isFolded: boolean;
  /** It stands there only because something below it fits the filter. */
  readonly isDim: boolean;
  readonly sought: string;
}

export const TreeRow = memo(function TreeRow(props: TreeRowProps) {
  const { facts, place, top, number, range, isSelected, isFolded, isDim } = props;
  const { outline } = facts;
  const hasChildren = outline.hasChildren(place);
  return (
    <div
      role="row"
      id={`node-${place}`}
      className={classes["row"]}
      data-place={place}
      data-dim={isDim || undefined}
      aria-level={outline.depth(place) + 1}
      aria-rowindex={number}
      aria-selected={isSelected}
      {...(hasChildren ? { "aria-expanded": !isFolded } : {})}
      style={{ transform: `translateY(${top}px)`, height: ROW_PX }}
    >
      <NameCell {...props} />
      <Sums facts={facts} place={place} isFolded={isFolded} />
      <div role="gridcell" className={classes["time"]}>
        <TimelineBar facts={facts} place={place} range={range} width={props.width} />
      </div>
    </div>
  );
});

function NameCell({ facts, place, isFolded, sought }: TreeRowProps) {
  const { outline } = facts;
  const depth = outline.depth(place);
  const model = outline.model(place);
  const name = nodeName(outline, place);
  return (
    <div
      role="gridcell"
      className={classes["name"]}
      style={{ "--indent": `${Math.min(depth, DEEPEST) * INDENT_PX}px` } as CSSProperties}
    >
      <span className={classes["guides"]} aria-hidden>
        {depth > DEEPEST && <span className={classes["level"]}>{depth}</span>}
      </span>
      {outline.hasChildren(place) ? (
        <button
          type="button"
          tabIndex={-1}
          className={classes["arrow"]}
          data-fold
          data-open={!isFolded || undefined}
          aria-label={isFolded ? text.session.tree.unfold : text.session.tree.fold}
        >
          <IconChevronRight size={14} stroke={2} aria-hidden />
        </button>
      ) : (
        <span className={classes["arrow"]} />
      )}
      <NodeIcon type={outline.type(place)} />
      <span
        className={`${classes["label"]} foreign`}
        data-pending={outline.isPending(place) || undefined}
        data-error={outline.isError(place) || undefined}
        title={outline.isPending(place) ? text.session.pendingHint : name}
      >
        <Marked text={name} sought={sought} />
      </span>
      {model && (
        <span className={`${classes["model"]} foreign`} title={makeVisible(model)}>
          <Marked text={model.slice(0, 200)} sought={sought} />
        </span>
      )}
      <Marks facts={facts} place={place} isFolded={isFolded} sought={sought} />
    </div>
  );
}

interface SumsProps {
  readonly facts: Facts;
  readonly place: number;
  readonly isFolded: boolean;
}

/** What the node used; of a folded one also what is below it. */
function Sums({ facts, place, isFolded }: SumsProps) {
  const { outline, sums, again } = facts;
  const tokens = isFolded ? sums.tokens[place] || undefined : outline.tokens(place);
  const cost = isFolded ? sums.cost[place] || undefined : outline.cost(place);
  const isQuiet = isFolded || again[place] === 1;
  return (
    <>
      <div
        role="gridcell"
        className={classes["number"]}
        data-quiet={isQuiet || undefined}
        title={tokens === undefined ? undefined : formatTokens(tokens)}
      >
        {tokens === undefined ? "" : shortTokens(tokens)}
      </div>
      <div
        role="gridcell"
        className={classes["number"]}
        data-quiet={isQuiet || undefined}
        title={cost === undefined ? undefined : formatCost(cost)}
      >
        {cost === undefined ? "" : formatCostShort(cost)}
      </div>
    </>
  );
}

/** Every digit as long as there is room for them. */
function shortTokens(tokens: number): string {
  return tokens < 1_000_000 ? formatTokens(tokens) : formatCompact(tokens);
}
