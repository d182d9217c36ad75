import { describe, expect, it, vi } from "vitest";
import { lookFor, MOST_FRUITLESS } from "~/lists/looking";
import type { Page } from "~/lists/rows";

const NONE = { rows: [], warnings: [], isBehind: false };
const SOME: Page = { ...NONE, rows: [{ event_id: "a" }] };

describe("looking for rows where a plane stops before it finds any", () => {
  it("goes on from where it stopped until there are rows, and says how far it looked", async () => {
    const pages: Record<string, Page> = {
      "": { ...NONE, nextCursor: "1", scannedUntil: 900, since: "s0" },
      "1": { ...NONE, nextCursor: "2", scannedUntil: 800, since: "s1" },
      "2": SOME,
    };
    const looked = vi.fn();
    const page = await lookFor(async (cursor) => pages[cursor ?? ""] ?? NONE, undefined, looked);
    expect(page).toEqual({ ...SOME, since: "s0" });
    expect(looked.mock.calls).toEqual([[900], [800]]);
  });

  it("stops after some fruitless answers, with the place to look further from", async () => {
    let asked = 0;
    const ask = async () => ({ ...NONE, nextCursor: `${++asked}`, scannedUntil: 1_000 - asked });
    const page = await lookFor(ask, undefined, () => {});
    expect(asked).toBe(MOST_FRUITLESS);
    expect(page.nextCursor).toBe(`${MOST_FRUITLESS}`);
  });

  it("takes a list without rows and without more for what it is", async () => {
    const ask = vi.fn(async () => NONE);
    expect(await lookFor(ask, undefined, () => {})).toEqual(NONE);
    expect(ask).toHaveBeenCalledOnce();
  });
});
