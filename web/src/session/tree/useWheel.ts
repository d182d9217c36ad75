import { type RefObject, useEffect, useEffectEvent } from "react";
import type { Zoom } from "~/session/tree/useZoom";

const STRENGTH = 0.0025;
const PER_LINE_PX = 16;

/** Pinching, or turning the wheel with Ctrl, zooms the timeline; sideways or with Shift moves it. */
export function useWheel(
  grid: RefObject<HTMLElement | null>,
  axis: RefObject<HTMLElement | null>,
  zoom: Zoom,
): void {
  const turned = useEffectEvent((event: WheelEvent) => {
    const box = axis.current?.getBoundingClientRect();
    if (!box || box.width === 0) return;
    const unit = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? PER_LINE_PX : 1;
    const at = (event.clientX - box.left) / box.width;
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
    if (event.ctrlKey || event.metaKey) {
      const isOver = at >= 0 && at <= 1;
      zoom.by(Math.exp(event.deltaY * unit * STRENGTH), isOver ? at : undefined);
    } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      if (zoom.isWhole) return;
      zoom.move((sideways * unit) / box.width);
    } else {
      return;
    }
    event.preventDefault();
  });
  useEffect(() => {
    const element = grid.current;
    const listen = (event: WheelEvent) => turned(event);
    // Not passive: the page itself must not zoom.
    element?.addEventListener("wheel", listen, { passive: false });
    return () => element?.removeEventListener("wheel", listen);
  }, [grid]);
}
