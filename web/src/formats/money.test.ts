import { describe, expect, it } from "vitest";
import { formatCost, formatCostShort } from "~/formats/money";

describe("money", () => {
  it.each([
    [0, "$0.00"],
    [0.001172, "$0.001172"],
    [0.00000026, "$0.00000026"],
    [1e-12, "$0.000000000001"],
    [0.1 + 0.2, "$0.30"],
    [1.5, "$1.50"],
    [1_500.5, "$1,500.50"],
    [1_234.567, "$1,234.567"],
    [-0.5, "−$0.50"],
    ["0.00000026", "$0.00000026"],
    ["12.3400", "$12.34"],
    [null, "—"],
    [undefined, "—"],
    ["not a number", "—"],
  ])("writes a cost of %s exactly: %s", (usd, written) => {
    expect(formatCost(usd)).toBe(written);
  });

  it.each([
    [0, "$0"],
    [0.00117234, "$0.00117"],
    [12.3456, "$12.35"],
    [1_234_567, "$1.23M"],
  ])("rounds %s to %s where only the size matters", (usd, written) => {
    expect(formatCostShort(usd)).toBe(written);
  });
});
