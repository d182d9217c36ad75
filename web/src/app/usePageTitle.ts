/** What the browser calls a page: in its tabs, its history and to a screen reader (WCAG 2.4.2). */
import { useEffect } from "react";
import { makeVisible } from "~/content/visible";
import { text } from "~/text/en";

/** A tab never shows more, and a name may be of any length. */
const LONGEST = 120;

/** @param parts from what is most particular to what is most general; the product comes after them. */
export function usePageTitle(...parts: readonly (string | undefined)[]): void {
  const title = pageTitle(parts);
  useEffect(() => {
    document.title = title;
    return () => {
      document.title = text.product;
    };
  }, [title]);
}

export function pageTitle(parts: readonly (string | undefined)[]): string {
  const named = parts.flatMap((part) => (part ? [makeVisible(part.slice(0, LONGEST))] : []));
  return [...named, text.product].join(" · ");
}
