import { type PointerEvent, useState } from "react";

/** From where to where somebody draws, as shares of the element's width. */
export interface Brushed {
  readonly from: number;
  readonly to: number;
}

interface BrushOptions {
  readonly onDone: (brushed: Brushed) => void;
  /** Where drawing begins that moves what is seen instead: told the share of each step. */
  readonly grips?: (share: number) => boolean;
  readonly onMove?: (share: number) => void;
}

interface Drag {
  readonly start: number;
  readonly at: number;
  readonly moves: boolean;
}

/** A click is no brush. */
const LEAST_PX = 4;

/** What an element needs so that one can draw a range on it. */
export function useBrush({ onDone, grips, onMove }: BrushOptions) {
  const [drag, setDrag] = useState<Drag>();
  const brushed: Brushed | undefined =
    drag && !drag.moves
      ? { from: Math.min(drag.start, drag.at), to: Math.max(drag.start, drag.at) }
      : undefined;
  return {
    brushed,
    handlers: {
      onPointerDown(event: PointerEvent<HTMLElement>) {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        const start = shareOf(event);
        setDrag({ start, at: start, moves: grips?.(start) ?? false });
      },
      onPointerMove(event: PointerEvent<HTMLElement>) {
        if (!drag) return;
        const at = shareOf(event);
        if (drag.moves) onMove?.(at - drag.at);
        setDrag({ ...drag, at });
      },
      onPointerUp(event: PointerEvent<HTMLElement>) {
        const width = event.currentTarget.getBoundingClientRect().width;
        if (brushed && (brushed.to - brushed.from) * width >= LEAST_PX) onDone(brushed);
        setDrag(undefined);
      },
      onPointerCancel: () => setDrag(undefined),
    },
  };
}

function shareOf(event: PointerEvent<HTMLElement>): number {
  const { left, width } = event.currentTarget.getBoundingClientRect();
  return Math.min(1, Math.max(0, (event.clientX - left) / Math.max(1, width)));
}
