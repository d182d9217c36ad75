import { useEffect, useState } from "react";
import type { Extents } from "~/session/outline/extents";
import { around, moved, type Range, within, zoomed } from "~/session/tree/axis";

/** The part of the timeline that is seen, and ways to change it. */
export interface Zoom {
  readonly range: Range;
  readonly isWhole: boolean;
  readonly set: (range: Range) => void;
  readonly whole: () => void;
  /** About a share of what is seen; a factor above 1 shows more. */
  readonly by: (factor: number, at?: number) => void;
  /** By a share of what is seen. */
  readonly move: (share: number) => void;
  readonly to: (place: number) => void;
}

const WRITE_MS = 250;
const MIDDLE = 0.5;

/** `written`: as the address has it; `write` puts it there, a little later. */
export function useZoom(
  extents: Extents,
  written: string | undefined,
  write: (zoom: string | undefined) => void,
): Zoom {
  const { begin, end, length } = extents;
  const [seen, setSeen] = useState<Range | undefined>(() => parsed(written));
  useWriting(seen, written, write, setSeen);
  const whole: Range = { from: 0, to: length };
  const range = seen ? within(seen, length) : whole;
  const show = ({ from, to }: Range) =>
    setSeen(from <= 0 && to >= length ? undefined : { from, to });
  return {
    range,
    isWhole: seen === undefined,
    set: (wanted) => show(within(wanted, length)),
    whole: () => setSeen(undefined),
    by: (factor, at = MIDDLE) => show(zoomed(range, factor, at, length)),
    move: (share) => show(moved(range, share, length)),
    to: (place) => show(around(begin[place] ?? 0, end[place] ?? 0, length)),
  };
}

function useWriting(
  seen: Range | undefined,
  written: string | undefined,
  write: (zoom: string | undefined) => void,
  follow: (range: Range | undefined) => void,
): void {
  const [mine, setMine] = useState(written);
  // Back and forward change the address: what is seen follows it.
  if (written !== mine) {
    setMine(written);
    if (written !== text(seen)) follow(parsed(written));
  }
  useEffect(() => {
    if (text(seen) === written) return undefined;
    const timer = setTimeout(() => write(text(seen)), WRITE_MS);
    return () => clearTimeout(timer);
  }, [seen, written, write]);
}

function text(range: Range | undefined): string | undefined {
  if (!range) return undefined;
  const short = (ms: number) => String(Number(ms.toFixed(3)));
  return `${short(range.from)}-${short(range.to)}`;
}

function parsed(written: string | undefined): Range | undefined {
  const [from, to] = (written ?? "").split("-").map(Number);
  return from === undefined || to === undefined || to <= from ? undefined : { from, to };
}
