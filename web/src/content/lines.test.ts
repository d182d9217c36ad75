import { expect, it } from "vitest";
import { hasLongLine } from "~/content/lines";

it("tells a text with a line of megabytes from one of many lines", () => {
  expect(hasLongLine("")).toBe(false);
  expect(hasLongLine("x".repeat(100_000))).toBe(false);
  expect(hasLongLine(`${"x".repeat(100)}\n`.repeat(50_000))).toBe(false);
  expect(hasLongLine(`a\n${"x".repeat(100_001)}\nb`)).toBe(true);
  expect(hasLongLine("x".repeat(10_000_000))).toBe(true);
});
