/** Moves the border between names and bars. */
import type { KeyboardEvent, PointerEvent } from "react";
import classes from "~/session/tree/tree.module.css";
import { text } from "~/text/en";

const LEAST = 0.2;
const MOST = 0.85;
const STEP = 0.02;

interface SplitHandleProps {
  /** What names have of the width. */
  readonly share: number;
  /** Pixels of both. */
  readonly width: number;
  readonly onShare: (share: number | undefined) => void;
}

export function SplitHandle({ share, width, onShare }: SplitHandleProps) {
  const set = (wanted: number) => onShare(Math.min(MOST, Math.max(LEAST, wanted)));
  function drag(event: PointerEvent<HTMLElement>) {
    const frame = event.currentTarget.parentElement?.getBoundingClientRect();
    if (!frame || !event.currentTarget.hasPointerCapture(event.pointerId)) return;
    set((event.clientX - frame.left) / width);
  }
  function press(event: KeyboardEvent) {
    const step = event.key === "ArrowLeft" ? -STEP : event.key === "ArrowRight" ? STEP : 0;
    if (step === 0) return;
    event.preventDefault();
    set(share + step);
  }
  return (
    <div
      role="separator"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label={text.session.tree.resize}
      aria-valuenow={Math.round(share * 100)}
      aria-valuemin={LEAST * 100}
      aria-valuemax={MOST * 100}
      className={classes["split"]}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={drag}
      onDoubleClick={() => onShare(undefined)}
      onKeyDown={press}
    />
  );
}
