import { describe, expect, it } from "vitest";
import { validateList } from "~/lists/address";
import { dateRangeOf, presetOf, rangeLabel, toFixed, toPreset } from "~/lists/ranges";

describe("ranges of time", () => {
  it("is the last week where the address names none, or one that is unknown", () => {
    expect(dateRangeOf({})).toEqual({ relative: "7d" });
    expect(dateRangeOf({ range: "a long time" })).toEqual({ relative: "7d" });
    expect(toPreset("7d").range).toBeUndefined();
  });

  it("asks without a range for all there is", () => {
    expect(dateRangeOf({ range: "all" })).toBeUndefined();
  });

  it("takes fixed ends before a preset, in either order and one alone", () => {
    expect(dateRangeOf(toFixed(20, 10))).toEqual({ $gte: 10, $lte: 20 });
    expect(dateRangeOf({ range: "1h", from: 10 })).toEqual({ $gte: 10 });
    expect(presetOf({ to: 10 })).toBeUndefined();
  });

  it("names the day once where both ends are of it", () => {
    const noon = new Date(2026, 10, 1, 12).getTime();
    expect(rangeLabel({ from: noon, to: noon + 61_000 })).toBe("2026-11-01 12:00:00 – 12:01:01");
    expect(rangeLabel({ range: "1h" })).toBe("Last hour");
  });
});

describe("the address of a list", () => {
  it("keeps what it knows and drops what is of another type", () => {
    const search = { q: "a = b", from: 12, to: "x", live: false, sort: 3, columns: "", other: 1 };
    expect(validateList(search)).toEqual({ q: "a = b", from: 12, live: false });
  });

  it("is live unless it says that it is paused", () => {
    expect(validateList({ live: true })).toEqual({});
    expect(validateList({ live: "false" })).toEqual({ live: false });
  });
});
