import { type ReactNode, useDeferredValue } from "react";

/**
 * Draws its children once what is around them stands, in slices between which the browser answers:
 * a page and its frame in one go would hold it for longer than people bear unnoticed.
 */
export function Deferred({ children }: { readonly children: ReactNode }) {
  return useDeferredValue(true, false) ? children : null;
}
