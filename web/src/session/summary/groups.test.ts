import { expect, test } from "vitest";
import { factsOf } from "~/session/outline/facts";
import { atOnce } from "~/session/outline/pieces";
import { outlineOf, type Sample } from "~/session/outline/sample";
import { byError, byModel, byTool } from "~/session/summary/groups";

const facts = (...roots: Sample[]) => atOnce(factsOf(outlineOf(roots)));

test("calls add up by model, the dearest first, each call once", () => {
  const found = byModel(
    facts(
      { type: "model", model: "small", tokens: [1, 2], lasts: 5 },
      { type: "model", model: "large", tokens: [10, 20], cost: 1, lasts: 3, call: "k" },
      { type: "model", model: "large", tokens: [10, 20], cost: 1, lasts: 7, call: "k" },
      { type: "model", model: "small", tokens: [1, 2], lasts: 9, status: "error" },
    ),
  );

  expect(found.map((group) => group.model)).toEqual(["large", "small"]);
  expect(found[0]).toMatchObject({ calls: 1, promptTokens: 10, completionTokens: 20, cost: 1 });
  expect(found[1]).toMatchObject({ calls: 2, promptTokens: 2, errors: 1, total: 14, slowest: 3 });
  expect(found[1]?.isPriced).toBe(false);
});

test("calls add up by tool, the longest in all first, a failure told twice once", () => {
  const found = byTool(
    facts(
      { type: "tool", name: "quick", lasts: 1 },
      { type: "tool", name: "slow", lasts: 4, at: 1, status: "error" },
      { type: "tool", name: "slow_error", lasts: 4, at: 2, status: "error" },
      { type: "tool", name: "slow", lasts: 6 },
    ),
  );

  expect(found.map((group) => [group.name, group.calls])).toEqual([
    ["slow", 2],
    ["quick", 1],
  ]);
  expect(found[0]).toMatchObject({ errors: 1, total: 10, longest: 6, slowest: 3 });
});

test("failures of one kind at one step are one group", () => {
  const found = byError(
    facts(
      { name: "a", status: "error", error: "Timeout" },
      { name: "b", status: "error", error: "Timeout" },
      { name: "b", status: "error", error: "Timeout" },
      { name: "c" },
    ),
  );

  expect(found).toEqual([
    { error: "Timeout", name: "b", count: 2, first: 1 },
    { error: "Timeout", name: "a", count: 1, first: 0 },
  ]);
});
