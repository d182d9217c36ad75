import { QueryClient } from "@tanstack/react-query";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Project } from "~/api/control";
import { hasJustWritten } from "~/api/data";
import { NEWEST_FIRST, type Question } from "~/lists/question";
import { searchPage } from "~/lists/requests";
import { FIRST_PAGE_ROWS, PAGE_ROWS } from "~/lists/rows";
import { rowsQuery } from "~/lists/rowsQuery";

vi.mock("~/lists/requests", () => ({ searchPage: vi.fn() }));
vi.mock("~/api/data", () => ({ hasJustWritten: vi.fn() }));

const PROJECT = { id: "p" } as Project;
const QUESTION: Question = { filters: [], sort: NEWEST_FIRST, projections: [] };
const ROW = { event_id: "a", event_type: "tool" as const, start_time: 1 };

/** What the plane was asked for the first two pages: how many rows, and whether at once. */
async function asked(isLive: boolean) {
  const pages = { ...rowsQuery(PROJECT, QUESTION, isLive), pages: 2 };
  await new QueryClient().fetchInfiniteQuery(pages);
  return vi.mocked(searchPage).mock.calls.map(([, { limit }, , how]) => [limit, how?.isHurried]);
}

describe("rows of a list", () => {
  beforeEach(() => {
    const page = { rows: [ROW], nextCursor: "c", warnings: [], isBehind: false };
    vi.mocked(searchPage).mockReset().mockResolvedValue(page);
    vi.mocked(hasJustWritten).mockReturnValue(false);
  });

  it("come at once, as many as are seen at first, where a live tail completes them", async () => {
    expect(await asked(true)).toEqual([
      [FIRST_PAGE_ROWS, true],
      [PAGE_ROWS, false],
    ]);
  });

  it("wait for the index where nothing completes them", async () => {
    expect((await asked(false))[0]).toEqual([FIRST_PAGE_ROWS, false]);
  });

  it("wait for what their reader has just written", async () => {
    vi.mocked(hasJustWritten).mockReturnValue(true);
    expect((await asked(true))[0]).toEqual([FIRST_PAGE_ROWS, false]);
  });
});
