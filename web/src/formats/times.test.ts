import { describe, expect, it } from "vitest";
import { formatAgo, formatDay, formatTime, formatTimeExact } from "~/formats/times";

const NOON = new Date(2026, 10, 1, 12, 0, 0, 0).getTime();

describe("times", () => {
  it("writes a time of this machine's zone to the millisecond", () => {
    expect(formatTime(NOON + 123.4)).toBe("2026-11-01 12:00:00.123");
    expect(formatDay(NOON)).toBe("1 Nov 2026");
  });

  it("names the zone where the time is to be exact", () => {
    expect(formatTimeExact(NOON)).toMatch(/^2026-11-01 12:00:00\.000 UTC([+−]\d{2}:\d{2})?$/);
  });

  it.each([
    [0, "now"],
    [900, "now"],
    [5_000, "5 s ago"],
    [59_900, "59 s ago"],
    [60_000, "1 min ago"],
    [3_600_000, "1 h ago"],
    [86_400_000 * 2, "2 d ago"],
    [86_400_000 * 40, "22 Sept 2026"],
    [-30_000, "in 30 s"],
  ])("says that %s ms before now is %s", (before, written) => {
    expect(formatAgo(NOON - before, NOON).replace("Sep ", "Sept ")).toBe(written);
  });

  it("has no word for what is no time", () => {
    expect(formatTime(undefined)).toBe("—");
    expect(formatTime(8.64e15 + 1)).toBe("—");
    expect(formatAgo(Number.NaN, NOON)).toBe("—");
  });
});
