import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it } from "vitest";
import { Histogram, spanOf } from "~/lists/Histogram";

it("says why there is no histogram", () => {
  const error = new Error("dateRange ends before it begins");
  const nothing = { histogram: undefined, isPending: false, noun: () => "", onChoose: () => {} };
  expect(renderToStaticMarkup(createElement(Histogram, { ...nothing, error }))).toContain(
    error.message,
  );
});

describe("a range that is chosen in the histogram", () => {
  it("ends right before the next bar begins, within its last millisecond too", () => {
    const [from, to] = spanOf(1_767_312_000_000, 60_000, 1, 3);
    expect(from).toBe(1_767_312_060_000);
    expect(to).toBeGreaterThan(1_767_312_179_999.99);
    expect(to).toBeLessThan(1_767_312_180_000);
  });
});
