import { expect, test } from "vitest";
import { outlineOf } from "~/session/outline/sample";
import { foldedFrom, isFolded, reveal, turn, UNFOLDED } from "~/session/tree/folds";
import { FITS, hasRow, keep, LEADS, rowOf, rowsOf } from "~/session/tree/rows";

const outline = outlineOf([
  { id: "a", children: [{ id: "b", children: [{ id: "c", status: "error" }] }, { id: "d" }] },
  { id: "e", children: [{ id: "f" }] },
]);

test("all nodes have rows while nothing is folded", () => {
  expect([...rowsOf(outline, UNFOLDED)]).toEqual([0, 1, 2, 3, 4, 5]);
});

test("what is below a folded node has no row", () => {
  expect([...rowsOf(outline, turn(UNFOLDED, outline, [0]))]).toEqual([0, 4, 5]);
});

test("folding from a depth on leaves the rows above it", () => {
  expect([...rowsOf(outline, foldedFrom(0))]).toEqual([0, 4]);
  expect([...rowsOf(outline, foldedFrom(1))]).toEqual([0, 1, 3, 4, 5]);
});

test("a node turned twice is as before", () => {
  const twice = turn(turn(foldedFrom(1), outline, [1]), outline, [1]);

  expect(isFolded(twice, outline, 1)).toBe(true);
});

test("a node without children is never folded", () => {
  expect(isFolded(foldedFrom(0), outline, 5)).toBe(false);
});

test("revealing a node unfolds what is above it, and nothing else", () => {
  const folds = reveal(foldedFrom(0), outline, 2);

  expect([...rowsOf(outline, folds)]).toEqual([0, 1, 2, 3, 4]);
  expect(reveal(folds, outline, 2)).toBe(folds);
});

test("a filter keeps what fits and what leads to it", () => {
  const kept = keep(outline, (place) => outline.isError(place));

  expect([...kept]).toEqual([LEADS, LEADS, FITS, 0, 0, 0]);
  expect([...rowsOf(outline, UNFOLDED, kept)]).toEqual([0, 1, 2]);
});

test("nodes that are shown as part of others have no row", () => {
  expect([...rowsOf(outline, UNFOLDED, undefined, new Map([[3, 1]]))]).toEqual([0, 1, 2, 4, 5]);
});

test("a place is found among the rows, or the nearest before it", () => {
  const rows = Int32Array.of(0, 4, 5);

  expect([rowOf(rows, 4), rowOf(rows, 3), rowOf(rows, 9)]).toEqual([1, 0, 2]);
  expect([hasRow(rows, 4), hasRow(rows, 3)]).toEqual([true, false]);
  expect(rowOf(new Int32Array(), 3)).toBe(0);
});
