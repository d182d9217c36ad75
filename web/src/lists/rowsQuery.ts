/** How the rows of a list are asked for: by its page, or before that by whoever turns to it. */
import { type InfiniteData, infiniteQueryOptions } from "@tanstack/react-query";
import type { Project } from "~/api/control";
import { hasJustWritten } from "~/api/data";
import { lookFor } from "~/lists/looking";
import type { Question } from "~/lists/question";
import { searchPage } from "~/lists/requests";
import {
  FIRST_PAGE,
  FIRST_PAGE_ROWS,
  MAX_PAGES,
  PAGE_ROWS,
  type Page,
  type PageStart,
  pageAfter,
} from "~/lists/rows";

const KEPT_MS = 10 * 60_000;

export type RowsKey = readonly ["rows", string, Question];

export function rowsKey(project: Project, question: Question): RowsKey {
  return ["rows", project.id, question];
}

/** @param isLive whether a live tail follows, which completes rows that were asked for in a hurry. */
export function rowsQuery(project: Project, question: Question, isLive: boolean) {
  return infiniteQueryOptions<Page, Error, InfiniteData<Page, PageStart>, RowsKey, PageStart>({
    queryKey: rowsKey(project, question),
    queryFn: ({ pageParam, signal }) => {
      // What somebody wrote himself he looks for: that is worth a wait.
      const isHurried = isLive && pageParam.cursor === undefined && !hasJustWritten();
      return fetchPage(project, question, pageParam, signal, { isHurried });
    },
    initialPageParam: FIRST_PAGE,
    getNextPageParam: (last, _pages, start) => pageAfter(last, start),
    getPreviousPageParam: (_first, _pages, start) => start.before,
    maxPages: MAX_PAGES,
    // News are merged by the live tail; asking again for pages that are there would move rows.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: KEPT_MS,
    structuralSharing: false,
  });
}

interface How {
  /** Ask for what the index holds, without what is on its way into it. */
  readonly isHurried?: boolean;
  /** Told how far one has looked, in unix milliseconds. */
  readonly onLooked?: (until: number) => void;
}

export function fetchPage(
  project: Project,
  question: Question,
  start: Pick<PageStart, "cursor">,
  signal: AbortSignal,
  { isHurried = false, onLooked = () => {} }: How = {},
): Promise<Page> {
  const ask = (cursor: string | undefined) => {
    const limit = cursor === undefined ? FIRST_PAGE_ROWS : PAGE_ROWS;
    return searchPage(project, { ...question, limit, cursor }, signal, { isHurried });
  };
  return lookFor(ask, start.cursor, onLooked);
}
