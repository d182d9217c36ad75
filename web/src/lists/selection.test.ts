import { describe, expect, it } from "vitest";
import type { Row } from "~/lists/rows";
import {
  allOrNone,
  amongLoaded,
  areAll,
  everyMatching,
  extended,
  isSelected,
  meantFor,
  NOTHING,
  picked,
  toggled,
} from "~/lists/selection";

const [a, b, c, d] = ["a", "b", "c", "d"].map(
  (id): Row => ({ event_id: id, event_type: "tool" }),
) as [Row, Row, Row, Row];
const ALL = [a, b, c, d];
const MATCHING = { filters: [] };

describe("a selection", () => {
  it("takes a row and lets it go again", () => {
    const one = toggled(NOTHING, b);
    expect([...one.rows.values()]).toEqual([b]);
    expect(toggled(one, b).rows.size).toBe(0);
  });

  it("extends from the last choice in either direction, and keeps what was chosen before", () => {
    const downwards = extended(toggled(NOTHING, b), d, ALL);
    expect([...downwards.rows.values()]).toEqual([b, c, d]);
    expect(extended(downwards, a, ALL).rows.size).toBe(4);
  });

  it("takes one row where there is nothing to extend from", () => {
    expect([...extended(NOTHING, c, ALL).rows.values()]).toEqual([c]);
  });

  it("takes all, and none after that", () => {
    const all = allOrNone(NOTHING, ALL);
    expect(areAll(all, ALL)).toBe(true);
    expect(allOrNone(all, ALL)).toBe(NOTHING);
    expect(areAll(NOTHING, [])).toBe(false);
  });

  it("all that match are selected whether they are here or not", () => {
    const every = everyMatching(MATCHING, ALL.slice(0, 2));

    expect(areAll(every, ALL)).toBe(true);
    expect(ALL.every((row) => isSelected(every, row))).toBe(true);
  });

  it("who takes one row from all that match has the loaded ones without it", () => {
    const every = everyMatching(MATCHING, ALL.slice(0, 2));
    const rest = picked(amongLoaded(every, ALL), d, [d]);

    expect([...rest.rows.values()]).toEqual(ALL.slice(0, 3));
    expect(rest.every).toBeUndefined();
  });

  it("another question forgets all that matched this one, not single rows", () => {
    const other = { filters: [] };
    const single = toggled(NOTHING, a);

    expect(meantFor(everyMatching(MATCHING, ALL), other)).toBe(NOTHING);
    expect(meantFor(everyMatching(MATCHING, ALL), MATCHING).every).toBe(MATCHING);
    expect(meantFor(single, other)).toBe(single);
  });
});
