// @vitest-environment jsdom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Project } from "~/api/control";
import { MOST_FRUITLESS } from "~/lists/looking";
import { NEWEST_FIRST, type Question } from "~/lists/question";
import { searchPage } from "~/lists/requests";
import type { Page, Row } from "~/lists/rows";
import { useRows } from "~/lists/useRows";

vi.mock("~/lists/requests", () => ({ searchPage: vi.fn() }));

const PROJECT = { id: "p" } as Project;
const QUESTION: Question = { filters: [], sort: NEWEST_FIRST, projections: [] };

function page(rows: Row[], more: Partial<Page> = {}): Page {
  return { rows, warnings: [], isBehind: false, ...more };
}

function show() {
  const queries = new QueryClient();
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={queries}>{children}</QueryClientProvider>
  );
  return renderHook(() => useRows(PROJECT, QUESTION), { wrapper }).result;
}

describe("rows that a plane stops looking for", () => {
  beforeEach(() => void vi.mocked(searchPage).mockReset());

  it("are not taken for none: it says how far it looked, and looks further when it is told", async () => {
    let asked = 0;
    vi.mocked(searchPage).mockImplementation(async () => {
      asked += 1;
      return asked <= MOST_FRUITLESS
        ? page([], { nextCursor: `c${asked}`, scannedUntil: 1_000 - asked })
        : page([{ event_id: "a", event_type: "tool", start_time: 1 }]);
    });
    const rows = show();
    await waitFor(() => expect(rows.current.isPaused).toBe(true));
    expect(rows.current).toMatchObject({ hasMore: true, lookedUntil: 1_000 - MOST_FRUITLESS });
    act(() => rows.current.see(0, 20));
    expect(asked).toBe(MOST_FRUITLESS);
    act(() => rows.current.lookFurther());
    await waitFor(() => expect(rows.current.rows).toHaveLength(1));
    expect(vi.mocked(searchPage).mock.lastCall?.[1].cursor).toBe(`c${MOST_FRUITLESS}`);
    expect(rows.current).toMatchObject({ hasMore: false, isPaused: false, offset: 0 });
    expect(rows.current.pages?.pages).toHaveLength(1);
  });
});
