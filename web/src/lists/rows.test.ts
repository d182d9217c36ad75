import { describe, expect, it } from "vitest";
import {
  belongs,
  FIRST_PAGE,
  insertNewest,
  isOvergrown,
  type Page,
  type Pages,
  pageAfter,
  pageAt,
  type Row,
  replaceKnown,
} from "~/lists/rows";

function row(start: number, more: Partial<Row> = {}): Row {
  return { event_id: `e${start}`, event_type: "tool", start_time: start, ...more };
}

function page(starts: number[], nextCursor?: string): Page {
  const rows = starts.map((start) => row(start));
  return { rows, warnings: [], isBehind: false, ...(nextCursor ? { nextCursor } : {}) };
}

function pagesOf(...pages: Page[]): Pages {
  return { pages, pageParams: pages.map(() => FIRST_PAGE) };
}

function starts({ pages }: Pages): (number | undefined)[][] {
  return pages.map(({ rows }) => rows.map((one) => one.start_time));
}

describe("pages of a list", () => {
  it("begin where the one before ends, and there is none after the last", () => {
    const second = pageAfter(page([9, 8], "c1"), FIRST_PAGE);
    expect(second).toEqual({ cursor: "c1", offset: 2, before: FIRST_PAGE });
    expect(pageAfter(page([7]), second ?? FIRST_PAGE)).toBeUndefined();
  });

  it("are found again by the place of a row after they were dropped", () => {
    const second = { cursor: "c1", offset: 200, before: FIRST_PAGE };
    const third = { cursor: "c2", offset: 400, before: second };
    expect(pageAt(third, 399)).toBe(second);
    expect(pageAt(third, 0)).toBe(FIRST_PAGE);
    expect(pageAt(third, 900)).toBe(third);
  });
});

describe("news of a list", () => {
  it("replace what is there in its place, and leave other pages alone", () => {
    const old = pagesOf(page([9, 8]), page([7]));
    const { pages, unknown } = replaceKnown(old, [row(8, { duration: 5 }), row(99)]);
    expect(pages.pages[0]?.rows[1]?.duration).toBe(5);
    expect(pages.pages[1]).toBe(old.pages[1]);
    expect(unknown).toEqual([row(99)]);
  });

  it("change nothing when nothing of it is shown", () => {
    const old = pagesOf(page([9]));
    expect(replaceKnown(old, [row(1)]).pages).toBe(old);
  });

  it("tell a session from an event of the same id", () => {
    const session = row(9, { event_type: "session" });
    expect(replaceKnown(pagesOf(page([9])), [session]).unknown).toEqual([session]);
  });

  it("stand at their places, whatever order they came in", () => {
    const pages = insertNewest(pagesOf(page([9, 7]), page([5, 3])), [row(4), row(10), row(8)]);
    expect(starts(pages)).toEqual([
      [10, 9, 8, 7],
      [5, 4, 3],
    ]);
  });

  it("are kept when they are older than all of a list that is whole", () => {
    const whole = pagesOf(page([9]));
    expect(belongs(whole, row(1))).toBe(true);
    expect(starts(insertNewest(whole, [row(1)]))).toEqual([[9, 1]]);
    expect(starts(insertNewest(pagesOf(page([])), [row(1)]))).toEqual([[1]]);
  });

  it("are left to scrolling when they stand below what is loaded", () => {
    expect(belongs(pagesOf(page([9], "c")), row(1))).toBe(false);
    expect(belongs(pagesOf(page([9], "c")), row(10))).toBe(true);
  });

  it("are left to looking further where the plane has not looked yet", () => {
    const fruitless = pagesOf({ ...page([], "c"), scannedUntil: 5 });
    expect(belongs(fruitless, row(4))).toBe(false);
    expect(belongs(fruitless, row(6))).toBe(true);
  });

  it("make a page that grew too long be asked for anew", () => {
    const many = Array.from({ length: 1_001 }, (_, index) => index);
    expect(isOvergrown(pagesOf(page(many)))).toBe(true);
    expect(isOvergrown(pagesOf(page([1])))).toBe(false);
  });
});
