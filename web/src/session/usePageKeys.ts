import { useEffect, useEffectEvent } from "react";

export type Keys = ReadonlyMap<string, (event: KeyboardEvent) => void>;

/** Keys of a page: not while one types, and not while a dialog is open. */
export function usePageKeys(keys: Keys): void {
  const press = useEffectEvent((event: KeyboardEvent) => {
    const act = keys.get(event.key);
    if (!act || event.defaultPrevented || event.ctrlKey || event.metaKey || isTyping(event)) return;
    act(event);
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => press(event);
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
}

function isTyping({ target }: KeyboardEvent): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || target.closest(NOT_FOR_THE_PAGE) !== null;
}

const NOT_FOR_THE_PAGE =
  "input, textarea, select, [role=dialog], [role=menu], [role=listbox], [role=combobox]";
