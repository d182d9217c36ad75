import { expect, test } from "vitest";
import { outlineOf } from "~/session/outline/sample";
import { following, isOneOf, matchesOf, preceding } from "~/session/tree/matches";

const outline = outlineOf([
  { name: "Plan", type: "chain" },
  { name: "chat", type: "model", model: "gpt-4.1", status: "error", error: "RateLimitError" },
  { name: "look_up", type: "tool", status: "error" },
]);

test("names, models and errors are searched, in any case", () => {
  expect([...matchesOf(outline, "PLAN")]).toEqual([0]);
  expect([...matchesOf(outline, "gpt")]).toEqual([1]);
  expect([...matchesOf(outline, "ratelimit")]).toEqual([1]);
});

test("an event is found by its id as it is written, and a UUID in capitals, too", () => {
  const some = outlineOf([{ id: "Span-A" }, { id: "0b1c" }]);

  expect([...matchesOf(some, " Span-A ")]).toEqual([0]);
  expect([...matchesOf(some, "0B1C")]).toEqual([1]);
});

test("nothing sought finds nothing", () => {
  expect([...matchesOf(outline, "  ")]).toEqual([]);
});

test("types add up, and errors narrow them", () => {
  const fitting = (...kinds: Parameters<typeof isOneOf>[1]) =>
    [0, 1, 2].filter(isOneOf(outline, kinds));

  expect(fitting("model", "tool")).toEqual([1, 2]);
  expect(fitting("error")).toEqual([1, 2]);
  expect(fitting("tool", "error")).toEqual([2]);
});

test("after the last match comes the first", () => {
  const places = Int32Array.of(2, 7);

  expect([following(places, 2), following(places, 7)]).toEqual([7, 2]);
  expect([preceding(places, 7), preceding(places, 2)]).toEqual([2, 7]);
  expect(following(new Int32Array(), 1)).toBeUndefined();
});
