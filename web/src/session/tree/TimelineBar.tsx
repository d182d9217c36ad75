/** The bar of one node on the axis of time, with its duration beside it. */
import { memo } from "react";
import { formatDuration } from "~/formats/durations";
import { nodeColour } from "~/session/NodeIcon";
import type { Facts } from "~/session/outline/facts";
import { type Bar, barOf, type Range } from "~/session/tree/axis";
import classes from "~/session/tree/tree.module.css";
import { text } from "~/text/en";

/** What a duration needs: it stands after the bar, before it, or on its end. */
const ROOM_PX = 66;

interface TimelineBarProps {
  readonly facts: Facts;
  readonly place: number;
  readonly range: Range;
  /** Pixels of the timeline. */
  readonly width: number;
}

export const TimelineBar = memo(function TimelineBar({
  facts,
  place,
  range,
  width,
}: TimelineBarProps) {
  const { outline, extents } = facts;
  const bar = barOf(extents.begin[place] ?? 0, extents.end[place] ?? 0, range);
  if (!bar) return <Outside isBefore={(extents.end[place] ?? 0) < range.from} />;
  const isPending = outline.isPending(place);
  return (
    <>
      <span
        className={classes["bar"]}
        data-pending={isPending || undefined}
        style={{
          left: `${bar.left * 100}%`,
          width: `${bar.width * 100}%`,
          backgroundColor: outline.isError(place) ? "var(--bad)" : nodeColour(outline.type(place)),
        }}
      />
      <span className={classes["duration"]} {...besides(bar, ROOM_PX / width)}>
        {isPending ? text.session.running : formatDuration(outline.duration(place))}
      </span>
    </>
  );
});

function Outside({ isBefore }: { readonly isBefore: boolean }) {
  return (
    <span className={classes["outside"]} data-before={isBefore || undefined} aria-hidden>
      {isBefore ? "‹" : "›"}
    </span>
  );
}

/** `room` as a share of the timeline. */
function besides({ left, width }: Bar, room: number) {
  const end = left + width;
  if (end + room <= 1) return { style: { left: `${end * 100}%` } };
  if (left >= room) return { style: { right: `${(1 - left) * 100}%` } };
  return { style: { right: 0 }, "data-inside": true };
}
