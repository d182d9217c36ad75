/** The rows of a list: pages that come as they are seen, and go when they are far away. */
import {
  type InfiniteData,
  type QueryClient,
  useInfiniteQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import type { Project } from "~/api/control";
import type { Question } from "~/lists/question";
import { searchPage } from "~/lists/requests";
import {
  FIRST_PAGE,
  MAX_PAGES,
  PAGE_ROWS,
  type Page,
  type PageStart,
  type Pages,
  pageAfter,
  pageAt,
  type Row,
} from "~/lists/rows";

/** Beyond this a browser cannot make a page high enough to scroll through. */
export const MOST_ROWS = 500_000;
const KEPT_MS = 10 * 60_000;
/** How many rows ahead of what is seen the next page is asked for. */
const AHEAD = 60;

export type RowsKey = readonly ["rows", string, Question];

export interface Rows {
  readonly key: RowsKey;
  /** Of the pages in memory. */
  readonly rows: readonly Row[];
  /** Rows before them, which were dropped from memory. */
  readonly offset: number;
  readonly pages: Pages | undefined;
  readonly first: Page | undefined;
  readonly error: Error | null;
  readonly isLoading: boolean;
  /** Whether the rows shown are still those of the question before. */
  readonly isStale: boolean;
  readonly hasMore: boolean;
  readonly see: (from: number, to: number) => void;
  readonly retry: () => void;
  /** Forget what is below the first page and ask for that anew. */
  readonly restart: () => Promise<void>;
}

export function useRows(project: Project, question: Question): Rows {
  const queries = useQueryClient();
  const key: RowsKey = useMemo(() => ["rows", project.id, question], [project.id, question]);
  const query = useInfiniteQuery<Page, Error, InfiniteData<Page, PageStart>, RowsKey, PageStart>({
    queryKey: key,
    queryFn: ({ pageParam, signal }) => fetchPage(project, question, pageParam, signal),
    initialPageParam: FIRST_PAGE,
    getNextPageParam: (last, _pages, start) => pageAfter(last, start),
    getPreviousPageParam: (_first, _pages, start) => start.before,
    maxPages: MAX_PAGES,
    // News are merged by the live tail; asking again for pages that are there would move rows.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: KEPT_MS,
    structuralSharing: false,
    placeholderData: (previous) => previous,
  });
  const { data, fetchNextPage, fetchPreviousPage, hasNextPage, isFetching } = query;
  const rows = useMemo(() => data?.pages.flatMap((page) => page.rows) ?? [], [data]);
  const offset = data?.pageParams[0]?.offset ?? 0;

  const restart = useCallback(async () => {
    const page = await queries.fetchQuery({
      queryKey: ["first page", ...key],
      queryFn: ({ signal }) => fetchPage(project, question, FIRST_PAGE, signal),
      staleTime: 0,
      gcTime: 0,
    });
    setPages(queries, key, { pages: [page], pageParams: [FIRST_PAGE] });
  }, [queries, key, project, question]);

  const see = useCallback(
    (from: number, to: number) => {
      if (isFetching || !data) return;
      const [start] = data.pageParams;
      if (start && from < offset) {
        const wanted = pageAt(start, from);
        if (wanted === start.before) void fetchPreviousPage();
        else void jump(queries, key, project, question, wanted);
      } else if (hasNextPage && to > offset + rows.length - AHEAD && to < MOST_ROWS) {
        void fetchNextPage();
      }
    },
    [
      data,
      isFetching,
      offset,
      rows.length,
      hasNextPage,
      fetchNextPage,
      fetchPreviousPage,
      queries,
      key,
      project,
      question,
    ],
  );

  return {
    key,
    rows,
    offset,
    pages: data,
    first: data?.pages[0],
    error: query.error,
    isLoading: query.isPending,
    isStale: query.isPlaceholderData,
    hasMore: hasNextPage,
    see,
    retry: () => void (data ? fetchNextPage() : query.refetch()),
    restart,
  };
}

export function setPages(queries: QueryClient, key: RowsKey, pages: Pages): void {
  queries.setQueryData<InfiniteData<Page, PageStart>>(key, {
    pages: [...pages.pages],
    pageParams: [...pages.pageParams],
  });
}

/** To a page far above, without all those between. */
async function jump(
  queries: QueryClient,
  key: RowsKey,
  project: Project,
  question: Question,
  start: PageStart,
): Promise<void> {
  const page = await queries.fetchQuery({
    queryKey: ["jump", ...key, start.offset],
    queryFn: ({ signal }) => fetchPage(project, question, start, signal),
    gcTime: 0,
  });
  setPages(queries, key, { pages: [page], pageParams: [start] });
}

function fetchPage(
  project: Project,
  question: Question,
  start: PageStart,
  signal: AbortSignal,
): Promise<Page> {
  return searchPage(project, { ...question, limit: PAGE_ROWS, cursor: start.cursor }, signal);
}
