import { describe, expect, it } from "vitest";
import { countOf, waysOut } from "~/lists/counted";

const FOUND = { buckets: [], bucket_ms: 1, count: 7, errors: 0 };

describe("counts", () => {
  it("are none where only content could decide a condition", () => {
    expect(countOf(FOUND)).toBe(7);
    expect(countOf({ ...FOUND, ignored: ["outputs.content"] })).toBeUndefined();
    expect(countOf(undefined)).toBeUndefined();
  });
});

describe("ways out of an empty list", () => {
  const attempts = [{ label: "a" }, { label: "b" }];

  it("are those that leave something", () => {
    expect(waysOut(attempts, [0, 3])).toEqual({
      helpful: [{ label: "b", count: 3 }],
      isHopeless: false,
    });
    expect(waysOut(attempts, [0, 0])).toEqual({ helpful: [], isHopeless: true });
  });

  it("are not said to be none where one could not be counted", () => {
    expect(waysOut(attempts, [0, undefined])).toEqual({ helpful: [], isHopeless: false });
  });
});
