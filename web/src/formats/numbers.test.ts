import { describe, expect, it } from "vitest";
import { formatCompact, formatCount, formatTokens, UNKNOWN } from "~/formats/numbers";

describe("numbers", () => {
  it.each([
    [0, "0"],
    [883, "883"],
    [1_234_567, "1,234,567"],
    [null, UNKNOWN],
    [undefined, UNKNOWN],
    [Number.NaN, UNKNOWN],
  ])("writes a count of %s as %s", (value, written) => {
    expect(formatCount(value)).toBe(written);
  });

  it("writes tokens like counts, and says when nobody counted them", () => {
    expect(formatTokens(12_345)).toBe("12,345");
    expect(formatTokens(undefined)).toBe(UNKNOWN);
  });

  it.each([
    [999, "999"],
    [1_000, "1K"],
    [12_345, "12.3K"],
    [1_250_000, "1.25M"],
  ])("shortens %s to %s where there is little room", (value, written) => {
    expect(formatCompact(value)).toBe(written);
  });
});
