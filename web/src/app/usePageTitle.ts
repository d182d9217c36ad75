import { useEffect } from "react";
import { text } from "~/text/en";

/** Says in the browser's tab and history what this page shows (WCAG 2.2, 2.4.2). */
export function usePageTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · ${text.product}`;
    return () => {
      document.title = text.product;
    };
  }, [title]);
}
