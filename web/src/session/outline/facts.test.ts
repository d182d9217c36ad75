import { expect, test } from "vitest";
import { factsOf } from "~/session/outline/facts";
import { atOnce } from "~/session/outline/pieces";
import { outlineOf, type Sample } from "~/session/outline/sample";

const facts = (...roots: Sample[]) => atOnce(factsOf(outlineOf(roots)));

test("times count from the beginning of the session", () => {
  const { extents } = facts({ at: 10, lasts: 40, children: [{ at: 20, lasts: 5 }] });

  expect([...extents.begin]).toEqual([10, 20]);
  expect([...extents.end]).toEqual([50, 25]);
  expect(extents.length).toBe(100);
});

test("a pending parent began with its oldest child and runs until now", () => {
  const { extents } = facts({
    status: "pending",
    children: [
      { at: 30, lasts: 10 },
      { at: 60, lasts: 5 },
    ],
  });

  expect([extents.begin[0], extents.end[0]]).toEqual([30, 100]);
});

test("a failure that is told again by an `_error` span beside it is one failure", () => {
  const { twins, errors } = facts(
    { name: "tools.look_up", at: 1, status: "error", error: "NotFound" },
    { name: "look_up_error", at: 2, status: "error", error: "NotFound" },
  );

  expect([...twins.originals]).toEqual([[1, 0]]);
  expect([...twins.twins]).toEqual([[0, 1]]);
  expect([...errors]).toEqual([0]);
});

test("an `_error` span with another error, or below something else, is a failure of its own", () => {
  const other = facts(
    { name: "look_up", at: 1, status: "error", error: "NotFound" },
    { name: "look_up_error", at: 2, status: "error", error: "Timeout" },
  );
  const elsewhere = facts(
    { name: "look_up", at: 1, status: "error" },
    { name: "b", children: [{ name: "look_up_error", at: 2, status: "error" }] },
  );

  expect(other.twins.originals.size).toBe(0);
  expect(elsewhere.twins.originals.size).toBe(0);
});

test("each failure is told again once at most", () => {
  const { twins } = facts(
    { name: "f", at: 1, status: "error" },
    { name: "f", at: 2, status: "error" },
    { name: "f_error", at: 3, status: "error" },
    { name: "f_error", at: 4, status: "error" },
    { name: "f_error", at: 5, status: "error" },
  );

  expect([...twins.originals]).toEqual([
    [2, 1],
    [3, 0],
  ]);
});

test("a failure finds the one that it repeats among others of its name, and elsewhere from the top", () => {
  const { twins } = facts(
    { name: "a", children: [{ name: "f", at: 1, status: "error", error: "Late" }] },
    { name: "b", children: [{ name: "f", at: 2, status: "error", error: "Lost" }] },
    { name: "f_error", at: 3, status: "error", error: "Late" },
  );

  expect([...twins.originals]).toEqual([[4, 1]]);
});

test("very many failures of one name are worked out in linear time", () => {
  const many = (name: string, error: string, at: number): Sample[] =>
    Array.from({ length: 100_000 }, () => ({ name, error, at, status: "error" }));

  const outline = outlineOf([...many("f", "Late", 1), ...many("f_error", "Lost", 2)]);
  const { twins, errors } = atOnce(factsOf(outline));

  expect([twins.originals.size, errors.length]).toEqual([0, 200_000]);
});

test("of nodes that tell of one call the last that says something counts", () => {
  const { tokensCount, again, sums } = facts({
    children: [
      { type: "model", call: "k", tokens: [10, 1], cost: 2 },
      { type: "model", call: "k", tokens: [10, 1] },
    ],
  });

  expect([...tokensCount]).toEqual([0, 0, 1]);
  expect([...again]).toEqual([0, 1, 0]);
  expect([sums.tokens[0], sums.cost[0]]).toEqual([11, 2]);
});

test("a call around the very call is told again, unless that one began after it ended", () => {
  const inside = facts({
    ...{ type: "model", at: 0, lasts: 10, tokens: [5, 5] },
    children: [{ type: "model", at: 2, tokens: [5, 5] }],
  });
  const afterwards = facts({
    ...{ type: "model", at: 0, lasts: 10, tokens: [5, 5] },
    children: [{ type: "model", at: 20, tokens: [5, 5] }],
  });

  expect([...inside.again]).toEqual([1, 0]);
  expect(inside.sums.tokens[0]).toBe(10);
  expect(afterwards.sums.tokens[0]).toBe(20);
});

test("a node sums up what is below it", () => {
  const { sums } = facts({
    children: [{ cost: 1, status: "error" }, { children: [{ cost: 2, tokens: [1, 2] }] }],
  });

  expect([...sums.cost]).toEqual([3, 1, 2, 2]);
  expect([...sums.errors]).toEqual([1, 1, 0, 0]);
  expect(sums.tokens[0]).toBe(3);
});
