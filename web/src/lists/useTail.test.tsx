// @vitest-environment jsdom
import {
  type InfiniteData,
  InfiniteQueryObserver,
  QueryClient,
  QueryClientProvider,
} from "@tanstack/react-query";
import { act, renderHook } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Project } from "~/api/control";
import { NEWEST_FIRST, type Question } from "~/lists/question";
import { searchChanges } from "~/lists/requests";
import { FIRST_PAGE, type Page, type PageStart, type Row } from "~/lists/rows";
import type { RowsKey } from "~/lists/rowsQuery";
import type { Rows } from "~/lists/useRows";
import { useTail } from "~/lists/useTail";

vi.mock("~/lists/requests", () => ({ searchChanges: vi.fn() }));

const PROJECT = { id: "p" } as Project;
const QUESTION: Question = { filters: [], sort: NEWEST_FIRST, projections: [] };
const KEY: RowsKey = ["rows", "p", QUESTION];
const PAGE: Page = { rows: [row("a", 5)], since: "s0", warnings: [], isBehind: false };

function row(id: string, start: number): Row {
  return { event_id: id, event_type: "tool", start_time: start };
}

const queries = new QueryClient();
const restart = vi.fn(async () => {});

function shown(): (string | undefined)[] {
  const data = queries.getQueryData<InfiniteData<Page, PageStart>>(KEY);
  return data?.pages.flatMap((page) => page.rows.map((one) => one.event_id)) ?? [];
}

function tail(isAtTop: boolean, isOn = true) {
  const rows = { key: KEY, first: PAGE, offset: 0, isStale: false, restart } as unknown as Rows;
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={queries}>{children}</QueryClientProvider>
  );
  return renderHook((props) => useTail(PROJECT, QUESTION, rows, props), {
    wrapper,
    initialProps: { isOn, isAtTop },
  });
}

async function poll() {
  await act(() => vi.advanceTimersByTimeAsync(1_100));
}

describe("the live tail", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    queries.clear();
    queries.setQueryData(KEY, { pages: [PAGE], pageParams: [FIRST_PAGE] });
    vi.mocked(searchChanges).mockReset().mockResolvedValue({ rows: [], since: "s1" });
    restart.mockClear();
  });
  afterEach(() => vi.useRealTimers());

  it("puts new rows on top of whoever looks there, and asks on from what it was told", async () => {
    vi.mocked(searchChanges).mockResolvedValueOnce({ rows: [row("b", 9)], since: "s1" });
    tail(true);
    await poll();
    expect(shown()).toEqual(["b", "a"]);
    await poll();
    expect(vi.mocked(searchChanges).mock.calls.map((call) => call[1].since)).toEqual(["s0", "s1"]);
  });

  it("lets new rows wait while somebody reads further down, until he is back", async () => {
    vi.mocked(searchChanges).mockResolvedValueOnce({ rows: [row("b", 9)], since: "s1" });
    const { result, rerender } = tail(false);
    await poll();
    expect(shown()).toEqual(["a"]);
    expect(result.current.fresh).toBe(1);
    rerender({ isOn: true, isAtTop: true });
    expect(shown()).toEqual(["b", "a"]);
    expect(result.current.fresh).toBe(0);
  });

  it("changes a row in its place wherever one reads", async () => {
    const settled = { ...row("a", 5), duration: 70 };
    vi.mocked(searchChanges).mockResolvedValueOnce({ rows: [settled], since: "s1" });
    const { result } = tail(false);
    await poll();
    expect(queries.getQueryData<InfiniteData<Page>>(KEY)?.pages[0]?.rows).toEqual([settled]);
    expect(result.current.fresh).toBe(0);
  });

  it("loses nothing that changes while a further page is on its way", async () => {
    let arrive: (page: Page) => void = () => {};
    const next = new InfiniteQueryObserver(queries, {
      queryKey: KEY,
      queryFn: () => new Promise<Page>((resolve) => (arrive = resolve)),
      initialPageParam: FIRST_PAGE,
      getNextPageParam: (): PageStart => ({ cursor: "c", offset: 1 }),
      staleTime: Number.POSITIVE_INFINITY,
    }).fetchNextPage();
    const settled = { ...row("a", 5), duration: 70 };
    vi.mocked(searchChanges).mockResolvedValueOnce({ rows: [settled, row("b", 9)], since: "s1" });
    tail(true);
    await poll();
    arrive({ ...PAGE, rows: [row("z", 1)] });
    await act(() => next);
    await poll();
    expect(shown()).toEqual(["b", "a", "z"]);
    const [first] = queries.getQueryData<InfiniteData<Page>>(KEY)?.pages ?? [];
    expect(first?.rows[1]).toEqual(settled);
  });

  it("asks nothing while it is paused", async () => {
    tail(true, false);
    await poll();
    expect(searchChanges).not.toHaveBeenCalled();
  });

  it("asks for the list anew where the plane cannot tell what changed", async () => {
    vi.mocked(searchChanges).mockResolvedValueOnce({ rows: [], since: undefined });
    tail(true);
    await poll();
    expect(restart).toHaveBeenCalledOnce();
  });

  it("completes at once what was asked for in a hurry and came without a place to go on from", async () => {
    const { since: _, ...hurried } = PAGE;
    const pages = [{ ...hurried, isBehind: true, isHurried: true }];
    queries.setQueryData(KEY, { pages, pageParams: [FIRST_PAGE] });
    tail(true);
    await act(() => vi.advanceTimersByTimeAsync(10));
    expect(restart).toHaveBeenCalledOnce();
    expect(searchChanges).not.toHaveBeenCalled();
  });

  it("says that it fails, tries more rarely, and recovers", async () => {
    vi.mocked(searchChanges).mockRejectedValueOnce(new Error("no answer"));
    const { result } = tail(true);
    await poll();
    expect(result.current.isFailing).toBe(true);
    await poll();
    expect(searchChanges).toHaveBeenCalledOnce();
    await poll();
    expect(result.current.isFailing).toBe(false);
  });
});
