/** Looking for a page of rows where a plane stops at a limit before it has found any. */
import { isFruitless, type Page } from "~/lists/rows";

/** So often it is asked to go on by itself; then somebody decides whether to look further. */
export const MOST_FRUITLESS = 6;

/**
 * The first page with rows from `cursor` on, or the last one that was asked for: it has no rows, and
 * says where to look further. `onLooked` is told how far one has looked, in unix milliseconds.
 */
export async function lookFor(
  ask: (cursor: string | undefined) => Promise<Page>,
  cursor: string | undefined,
  onLooked: (until: number) => void,
): Promise<Page> {
  const first = await ask(cursor);
  let page = first;
  for (let asked = 1; isFruitless(page) && asked < MOST_FRUITLESS; asked += 1) {
    if (page.scannedUntil !== undefined) onLooked(page.scannedUntil);
    page = await ask(page.nextCursor);
  }
  // News are counted from the first question: what came since then may be in no answer.
  return first.since ? { ...page, since: first.since } : page;
}
