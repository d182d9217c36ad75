/** One clock for all times on a page that are told from now: it ticks while somebody watches. */
import { useSyncExternalStore } from "react";

const TICK_MS = 5_000;

const watchers = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function watch(tell: () => void): () => void {
  watchers.add(tell);
  timer ??= setInterval(tick, TICK_MS);
  return () => {
    watchers.delete(tell);
    if (watchers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function tick(): void {
  now = Date.now();
  for (const tell of watchers) tell();
}

/** What `write` makes of now; the component is drawn again only when that changes. */
export function useNow(write: (now: number) => string): string {
  return useSyncExternalStore(watch, () => write(timer ? now : Date.now()));
}
