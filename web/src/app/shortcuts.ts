/** Keys that work anywhere, and the list of those of the page that is shown. */
import { useSyncExternalStore } from "react";

export interface Shortcut {
  readonly keys: readonly string[];
  readonly label: string;
}

let isShown = false;
const watchers = new Set<() => void>();

function set(shown: boolean): void {
  isShown = shown;
  for (const tell of watchers) tell();
}

export const showShortcuts = () => set(true);
export const hideShortcuts = () => set(false);

export function useShortcutsShown(): boolean {
  return useSyncExternalStore(
    (tell) => {
      watchers.add(tell);
      return () => watchers.delete(tell);
    },
    () => isShown,
  );
}
