/** The rows of a list: pages that come as they are seen, and go when they are far away. */
import {
  type InfiniteData,
  type QueryClient,
  useInfiniteQuery,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import type { Project } from "~/api/control";
import type { Question } from "~/lists/question";
import {
  FIRST_PAGE,
  isFruitless,
  type Page,
  type PageStart,
  type Pages,
  pageAt,
  type Row,
  withLastReplaced,
} from "~/lists/rows";
import { fetchPage, type RowsKey, rowsKey, rowsQuery } from "~/lists/rowsQuery";

/** Beyond this a browser cannot make a page high enough to scroll through. */
export const MOST_ROWS = 500_000;
/** How many rows ahead of what is seen the next page is asked for. */
const AHEAD = 60;

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
  /** Whether pages are on their way. */
  readonly isFetching: boolean;
  /** Whether the rows shown are still those of the question before. */
  readonly isStale: boolean;
  readonly hasMore: boolean;
  /** Whether the plane stopped before it found more, and waits to be told to look further. */
  readonly isPaused: boolean;
  /** How far it has looked since it found something last, in unix milliseconds. */
  readonly lookedUntil: number | undefined;
  readonly isLooking: boolean;
  readonly lookFurther: () => void;
  readonly see: (from: number, to: number) => void;
  readonly retry: () => void;
  /** Forget what is below the first page and ask for that anew. */
  readonly restart: () => Promise<void>;
}

/** @param isLive whether a live tail follows, which completes rows that were asked for in a hurry. */
export function useRows(project: Project, question: Question, isLive = false): Rows {
  const queries = useQueryClient();
  const asked = useMemo(() => rowsQuery(project, question, isLive), [project, question, isLive]);
  const key: RowsKey = useMemo(() => rowsKey(project, question), [project, question]);
  const [looked, setLooked] = useState<{ key: RowsKey; until: number }>();
  const onLooked = useCallback((until: number) => setLooked({ key, until }), [key]);
  const query = useInfiniteQuery({ ...asked, placeholderData: (previous) => previous });
  const { data, fetchNextPage, fetchPreviousPage, hasNextPage, isFetching } = query;
  const rows = useMemo(() => data?.pages.flatMap((page) => page.rows) ?? [], [data]);
  const offset = data?.pageParams[0]?.offset ?? 0;

  const last = data?.pages.at(-1);
  const isPaused = isFruitless(last) && !query.isPlaceholderData;
  const further = useMutation({
    mutationKey: key,
    mutationFn: async (start: Pick<PageStart, "cursor">) => {
      const signal = new AbortController().signal;
      const page = await fetchPage(project, question, start, signal, { onLooked });
      const pages = queries.getQueryData<Pages>(key);
      // Whoever scrolled or asked something else meanwhile looks at other pages.
      if (pages && pages.pages.at(-1)?.nextCursor === start.cursor)
        setPages(queries, key, withLastReplaced(pages, page));
    },
  });

  const lookFurther = () => further.mutate(last?.nextCursor ? { cursor: last.nextCursor } : {});

  const restart = useCallback(async () => {
    const page = await queries.fetchQuery({
      queryKey: firstPageKey(key),
      queryFn: ({ signal }) => fetchPage(project, question, FIRST_PAGE, signal),
      staleTime: 0,
      gcTime: 0,
    });
    // A further page that is still on its way belongs to the pages that go now.
    await queries.cancelQueries({ queryKey: key, exact: true });
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
      } else if (hasNextPage && !isPaused && to > offset + rows.length - AHEAD && to < MOST_ROWS) {
        void fetchNextPage();
      }
    },
    [
      data,
      isFetching,
      isPaused,
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
    error: query.error ?? further.error,
    isLoading: query.isPending,
    isFetching,
    isStale: query.isPlaceholderData,
    hasMore: hasNextPage,
    isPaused,
    lookedUntil: last?.scannedUntil ?? (looked?.key === key ? looked.until : undefined),
    isLooking: further.isPending,
    lookFurther,
    see,
    retry: () => (isPaused ? lookFurther() : void (data ? fetchNextPage() : query.refetch())),
    restart,
  };
}

/**
 * Whether pages are on their way. What was told of rows before they are there would be lost: they
 * may be older than it, and they take the place of what is shown.
 */
export function areComing(queries: QueryClient, key: RowsKey): boolean {
  const keys = [key, firstPageKey(key), jumpKey(key)];
  return (
    keys.some((queryKey) => queries.isFetching({ queryKey }) > 0) ||
    queries.isMutating({ mutationKey: key }) > 0
  );
}

const firstPageKey = (key: RowsKey) => ["first page", ...key];
const jumpKey = (key: RowsKey) => ["jump", ...key];

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
    queryKey: [...jumpKey(key), start.offset],
    queryFn: ({ signal }) => fetchPage(project, question, start, signal),
    gcTime: 0,
  });
  await queries.cancelQueries({ queryKey: key, exact: true });
  setPages(queries, key, { pages: [page], pageParams: [start] });
}
