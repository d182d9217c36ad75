/** Keys that work anywhere, and the list of those of the page that is shown. */
import { useEffect, useSyncExternalStore } from "react";

export interface Shortcut {
  readonly keys: readonly string[];
  readonly label: string;
}

/** Those of one page, under a title. */
export interface ShortcutGroup {
  readonly title: string;
  readonly shortcuts: readonly Shortcut[];
}

let isShown = false;
let groups: readonly ShortcutGroup[] = [];
const watchers = new Set<() => void>();

function tellAll(): void {
  for (const tell of watchers) tell();
}

function set(shown: boolean): void {
  isShown = shown;
  tellAll();
}

export const showShortcuts = () => set(true);
export const hideShortcuts = () => set(false);

export function useShortcutsShown(): boolean {
  return useSyncExternalStore(subscribe, () => isShown);
}

/** What the pages that are shown have registered. */
export function usePageGroups(): readonly ShortcutGroup[] {
  return useSyncExternalStore(subscribe, () => groups);
}

/** List the keys of a page as long as it is shown. Give it one and the same group each time. */
export function useShortcutGroup(group: ShortcutGroup): void {
  useEffect(() => {
    groups = [...groups, group];
    tellAll();
    return () => {
      groups = groups.filter((one) => one !== group);
      tellAll();
    };
  }, [group]);
}

function subscribe(tell: () => void): () => void {
  watchers.add(tell);
  return () => watchers.delete(tell);
}
