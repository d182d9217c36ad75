/** The axis of time over the bars: draw on it to see a part closer. */
import type { RefObject } from "react";
import { tickLabel, ticks } from "~/session/tree/axis";
import classes from "~/session/tree/tree.module.css";
import { useBrush } from "~/session/tree/useBrush";
import type { Zoom } from "~/session/tree/useZoom";
import { text } from "~/text/en";

const PX_PER_TICK = 90;
const LABEL_PX = 52;

/** How many ticks have room. */
export function ticksWithin(width: number): number {
  return Math.max(2, Math.floor(width / PX_PER_TICK));
}

interface AxisProps {
  readonly zoom: Zoom;
  readonly width: number;
  readonly axis: RefObject<HTMLDivElement | null>;
}

export function Axis({ zoom, width, axis }: AxisProps) {
  const { range } = zoom;
  const span = range.to - range.from;
  const { brushed, handlers } = useBrush({
    onDone: ({ from, to }) =>
      zoom.set({ from: range.from + from * span, to: range.from + to * span }),
  });
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys zoom as well (treeKeys)
    <div
      ref={axis}
      role="presentation"
      className={classes["axis"]}
      title={text.session.tree.hint}
      onDoubleClick={zoom.whole}
      {...handlers}
    >
      {ticks(range, ticksWithin(width)).map(({ at, share }) => (
        <span
          key={at}
          className={classes["tick"]}
          data-last={(1 - share) * width < LABEL_PX || undefined}
          style={{ left: `${share * 100}%` }}
        >
          {tickLabel(at, range)}
        </span>
      ))}
      {brushed && <span className={classes["brush"]} style={shares(brushed.from, brushed.to)} />}
    </div>
  );
}

/** Where something lies that reaches from one share to another. */
export function shares(from: number, to: number) {
  return { left: `${from * 100}%`, width: `${(to - from) * 100}%` };
}
