/** Telling when something stands on the screen, so that what can wait begins only then. */
import { startTransition, useEffect, useState } from "react";

/** Pages that nobody sees are not painted: there it counts as painted after this. */
const UNSEEN_MS = 250;

/** Whether what the page shows now, told by `shown`, has been painted; nothing is shown: false. */
export function usePainted(shown: object | undefined): boolean {
  const [painted, setPainted] = useState<object>();
  useEffect(() => {
    if (shown) return afterPaint(() => startTransition(() => setPainted(shown)));
  }, [shown]);
  return shown !== undefined && painted === shown;
}

/** Calls back once after the next frame; the function that is returned calls that off. */
function afterPaint(then: () => void): () => void {
  let soon = setTimeout(then, UNSEEN_MS);
  const frame = requestAnimationFrame(() => {
    clearTimeout(soon);
    // A frame is painted after its callbacks: the next task runs behind it.
    soon = setTimeout(then);
  });
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(soon);
  };
}
