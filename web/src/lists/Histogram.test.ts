import { describe, expect, it } from "vitest";
import { spanOf } from "~/lists/Histogram";

describe("a range that is chosen in the histogram", () => {
  it("ends right before the next bar begins, within its last millisecond too", () => {
    const [from, to] = spanOf(1_767_312_000_000, 60_000, 1, 3);
    expect(from).toBe(1_767_312_060_000);
    expect(to).toBeGreaterThan(1_767_312_179_999.99);
    expect(to).toBeLessThan(1_767_312_180_000);
  });
});
