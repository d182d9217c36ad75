/** The pages of a list that are in memory, and how news are merged into them. All of it is pure. */
import type { WideEvent } from "~/api/data";

export type Row = WideEvent;

export interface Page {
  readonly rows: readonly Row[];
  /** Nothing after the last page. */
  readonly nextCursor?: string;
  /** From where to ask for news; nothing where the plane cannot say. */
  readonly since?: string;
  readonly warnings: readonly string[];
  /** Why the answer is not whole, in the plane's words. */
  readonly message?: string;
  /** The start time at which the plane stopped looking, at a limit of its own. */
  readonly scannedUntil?: number;
  /** Whether it lacks what was on its way into the index. */
  readonly isBehind: boolean;
  /** Whether that is because it was asked for at once, without a wait for the index. */
  readonly isHurried?: boolean;
}

/** Where a page begins. It knows the one before it, so that a page that was dropped can come back. */
export interface PageStart {
  readonly cursor?: string;
  /** Rows before it. */
  readonly offset: number;
  readonly before?: PageStart;
}

export interface Pages {
  readonly pages: readonly Page[];
  readonly pageParams: readonly PageStart[];
}

export const PAGE_ROWS = 200;
/** Fills a screen: what is seen first is not to wait for what is below it. */
export const FIRST_PAGE_ROWS = 100;
/** Pages in memory: beyond them the furthest is dropped, and asked for again when it is seen. */
export const MAX_PAGES = 25;
/** A first page that news made longer than this is asked for anew. */
const LONGEST_PAGE = 1_000;
export const FIRST_PAGE: PageStart = { offset: 0 };

export function rowKey(row: Row): string {
  return `${row.event_type ?? ""} ${row.event_id ?? ""}`;
}

export function pageAfter(page: Page, start: PageStart): PageStart | undefined {
  if (!page.nextCursor) return undefined;
  return { cursor: page.nextCursor, offset: start.offset + page.rows.length, before: start };
}

/** The known page that holds the row at `index`, going back from `start`. */
export function pageAt(start: PageStart, index: number): PageStart {
  let found = start;
  while (found.offset > index && found.before) found = found.before;
  return found;
}

/** Whether a page has no rows although there may be some further on. */
export function isFruitless(page: Page | undefined): boolean {
  return page?.rows.length === 0 && page.nextCursor !== undefined;
}

/**
 * The pages with `page` in the place of the last one, which had no rows. Pages without rows would
 * push those with rows out of memory. News are asked for from where the older answer says.
 */
export function withLastReplaced(pages: Pages, page: Page): Pages {
  const [last, start] = [pages.pages.at(-1), pages.pageParams.at(-1)];
  if (!last || !start) return pages;
  const since = last.since ?? page.since;
  return {
    pages: [...pages.pages.slice(0, -1), since ? { ...page, since } : page],
    pageParams: [
      ...pages.pageParams.slice(0, -1),
      last.nextCursor ? { ...start, cursor: last.nextCursor } : start,
    ],
  };
}

export interface Merged {
  readonly pages: Pages;
  /** Rows that are in no page. */
  readonly unknown: readonly Row[];
}

/** Put changed rows where the old ones stand. A page without changes stays the same object. */
export function replaceKnown(pages: Pages, changed: readonly Row[]): Merged {
  const news = new Map(changed.map((row) => [rowKey(row), row]));
  const merged = pages.pages.map((page) => {
    if (!page.rows.some((row) => news.has(rowKey(row)))) return page;
    return { ...page, rows: page.rows.map((row) => take(news, row) ?? row) };
  });
  for (const page of merged) for (const row of page.rows) news.delete(rowKey(row));
  const isSame = merged.every((page, index) => page === pages.pages[index]);
  return { pages: isSame ? pages : { ...pages, pages: merged }, unknown: [...news.values()] };
}

function take(news: Map<string, Row>, row: Row): Row | undefined {
  const key = rowKey(row);
  const found = news.get(key);
  news.delete(key);
  return found;
}

/** Whether a row that is in no page has its place in them, newest first; else it comes by scrolling. */
export function belongs(pages: Pages, row: Row): boolean {
  const last = pages.pages.at(-1);
  if (!last?.nextCursor) return true;
  const oldest = last.rows.at(-1);
  return startOf(row) >= (oldest ? startOf(oldest) : (last.scannedUntil ?? 0));
}

/** Insert rows at their places, newest first. The pages must begin at the top of the list. */
export function insertNewest(pages: Pages, added: readonly Row[]): Pages {
  const [first] = pages.pages;
  if (added.length === 0 || !first) return pages;
  let rest = [...added].sort(newestFirst);
  const merged = pages.pages.map((page, index) => {
    const oldest = page.rows.at(-1);
    const isLast = index === pages.pages.length - 1;
    const here = isLast ? rest : rest.filter((row) => oldest && newestFirst(row, oldest) <= 0);
    if (here.length === 0) return page;
    rest = rest.filter((row) => !here.includes(row));
    return { ...page, rows: [...page.rows, ...here].sort(newestFirst) };
  });
  return { ...pages, pages: merged };
}

export function isOvergrown({ pages }: Pages): boolean {
  return (pages[0]?.rows.length ?? 0) > LONGEST_PAGE;
}

export function newestFirst(one: Row, other: Row): number {
  return startOf(other) - startOf(one) || (rowKey(one) < rowKey(other) ? -1 : 1);
}

export function startOf(row: Row): number {
  return row.start_time ?? 0;
}
