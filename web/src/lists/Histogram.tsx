/** How many events there are over time; drag over it to choose a range. */
import { type PointerEvent, useRef, useState } from "react";
import { makeVisible } from "~/content/visible";
import { formatCount } from "~/formats/numbers";
import { formatTime } from "~/formats/times";
import classes from "~/lists/Histogram.module.css";
import type { Histogram as Counts } from "~/lists/requests";
import { text } from "~/text/en";

const words = text.lists.histogram;
const HEIGHT = 36;
/** In milliseconds: ranges include their ends, and events begin within milliseconds. */
const MICROSECOND = 1e-3;
/** Below this a press is a click on one bar. */
const DRAG_PX = 4;

interface HistogramProps {
  readonly histogram: Counts | undefined;
  readonly isPending: boolean;
  /** Why there is nothing to draw. */
  readonly error: Error | null;
  readonly noun: (count: number) => string;
  readonly onChoose: (from: number, to: number) => void;
}

interface Brush {
  /** Shares of the width. */
  readonly from: number;
  readonly to: number;
}

export function Histogram({ histogram, isPending, error, noun, onChoose }: HistogramProps) {
  const area = useRef<HTMLDivElement>(null);
  const [brush, setBrush] = useState<Brush>();
  const [hovered, setHovered] = useState<number>();
  if (error && !histogram) {
    return (
      <p className={`${classes["failed"]} foreign`} role="status">
        {words.failed} {makeVisible(error.message)}
      </p>
    );
  }
  if (!histogram || histogram.buckets.length === 0) {
    return <div className={classes["area"]} data-pending={isPending || undefined} />;
  }
  const { buckets, count, errors, ignored = [] } = histogram;
  const width = histogram.bucket_ms ?? 0;
  const first = buckets[0]?.start ?? 0;
  const most = Math.max(1, ...buckets.map((bucket) => bucket.count));
  const named = `${formatCount(count)} ${noun(count)}`;

  function shareOf(event: PointerEvent): number {
    const box = area.current?.getBoundingClientRect();
    return box ? Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) : 0;
  }

  function onPointerMove(event: PointerEvent) {
    const share = shareOf(event);
    setHovered(Math.min(buckets.length - 1, Math.floor(share * buckets.length)));
    if (brush) setBrush({ ...brush, to: share });
  }

  function onPointerUp(event: PointerEvent) {
    if (!brush) return;
    setBrush(undefined);
    const to = shareOf(event);
    const pixels = Math.abs(to - brush.from) * (area.current?.clientWidth ?? 0);
    const [low, high] = [Math.min(brush.from, to), Math.max(brush.from, to)];
    const begin = Math.floor(low * buckets.length);
    const end = pixels < DRAG_PX ? begin + 1 : Math.ceil(high * buckets.length);
    onChoose(...spanOf(first, width, begin, end));
  }

  const shown = hovered === undefined ? undefined : buckets[hovered];
  return (
    <div className={classes["frame"]}>
      <div
        ref={area}
        className={classes["area"]}
        role="img"
        aria-label={words.label(named, formatCount(errors))}
        title={ignored.length > 0 ? words.ignored(makeVisible(ignored.join(", "))) : undefined}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          event.currentTarget.setPointerCapture(event.pointerId);
          setBrush({ from: shareOf(event), to: shareOf(event) });
        }}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerCancel={() => setBrush(undefined)}
        onPointerLeave={() => setHovered(undefined)}
      >
        <svg
          viewBox={`0 0 ${buckets.length} ${HEIGHT}`}
          preserveAspectRatio="none"
          className={classes["bars"]}
          aria-hidden="true"
        >
          {buckets.map((bucket, index) => (
            <Bar
              key={bucket.start}
              at={index}
              share={bucket.count / most}
              errorShare={bucket.errors / most}
              isHovered={index === hovered}
            />
          ))}
        </svg>
        {brush && <div className={classes["brush"]} style={brushStyle(brush)} />}
      </div>
      {shown && (
        <div
          className={`${classes["tip"]} numbers`}
          style={{ left: `${tipAt(hovered ?? 0, buckets.length)}%` }}
        >
          {formatTime(shown.start).replace(/\.\d+$/, "")}
          <b>
            {formatCount(shown.count)} {noun(shown.count)}
          </b>
          {shown.errors > 0 && (
            <span className={classes["bad"]}>
              {formatCount(shown.errors)} {words.errors}
            </span>
          )}
        </div>
      )}
    </div>
  );
}

interface BarProps {
  readonly at: number;
  readonly share: number;
  readonly errorShare: number;
  readonly isHovered: boolean;
}

/** What is there is seen, however little it is beside the most. */
function Bar({ at, share, errorShare, isHovered }: BarProps) {
  if (share === 0) return null;
  const height = Math.max(1.5, share * HEIGHT);
  const bad = errorShare === 0 ? 0 : Math.max(1.5, errorShare * HEIGHT);
  return (
    <>
      <rect
        x={at + 0.1}
        width={0.8}
        y={HEIGHT - height}
        height={height}
        className={classes["bar"]}
        data-hovered={isHovered || undefined}
      />
      {bad > 0 && (
        <rect
          x={at + 0.1}
          width={0.8}
          y={HEIGHT - bad}
          height={bad}
          className={classes["errors"]}
        />
      )}
    </>
  );
}

function brushStyle({ from, to }: Brush) {
  return { left: `${100 * Math.min(from, to)}%`, width: `${100 * Math.abs(to - from)}%` };
}

/** Of the bars from `begin` to the one before `end`, up to the last microsecond before that one. */
export function spanOf(
  first: number,
  width: number,
  begin: number,
  end: number,
): [from: number, to: number] {
  return [first + begin * width, first + end * width - MICROSECOND];
}

/** In percent, kept away from the edges, where the tip would be cut. */
function tipAt(index: number, of: number): number {
  return Math.min(90, Math.max(10, (100 * (index + 0.5)) / of));
}
