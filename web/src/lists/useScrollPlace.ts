/** Where a list was scrolled to: kept while its rows are in memory, so that "back" finds it. */
import { hashKey } from "@tanstack/react-query";
import { type RefObject, useEffect, useRef } from "react";
import type { Rows } from "~/lists/useRows";

/** Within this many pixels of the top one looks at the newest rows. */
const TOP_PX = 8;
const MAX_PLACES = 50;

const places = new Map<string, number>();

export function useScrollPlace(
  scroller: RefObject<HTMLDivElement | null>,
  rows: Rows,
  onTop: (isAtTop: boolean) => void,
): { readonly initial: number } {
  const hash = hashKey(rows.key);
  const initial = useRef(rows.rows.length > 0 && !rows.isStale ? (places.get(hash) ?? 0) : 0);
  const shown = useRef(hash);

  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    if (shown.current !== hash) element.scrollTop = 0;
    shown.current = hash;
    function remember() {
      const top = element?.scrollTop ?? 0;
      places.delete(hash);
      places.set(hash, top);
      const [oldest] = places.keys();
      if (places.size > MAX_PLACES && oldest !== undefined) places.delete(oldest);
      onTop(top < TOP_PX);
    }
    onTop(element.scrollTop < TOP_PX);
    element.addEventListener("scroll", remember, { passive: true });
    return () => element.removeEventListener("scroll", remember);
  }, [scroller, hash, onTop]);

  return { initial: initial.current };
}
