import { expect, test } from "vitest";
import { factsOf } from "~/session/outline/facts";
import { atOnce } from "~/session/outline/pieces";
import { outlineOf, type Sample } from "~/session/outline/sample";
import { retoldIn } from "~/session/tellers";

const retold = (...roots: Sample[]) => retoldIn(atOnce(factsOf(outlineOf(roots))));
const call = (key: string): Sample => ({
  ...{ name: "framework", type: "model", at: 0, lasts: 10, tokens: [1, 1], call: key },
  children: [{ name: "client", type: "model", at: 1, lasts: 5, tokens: [1, 1], call: key }],
});

test("calls told of by the same two names are one kind", () => {
  expect(retold(call("a"), call("b"), { name: "alone", type: "model" })).toEqual([
    {
      pairs: [
        [1, 0],
        [3, 2],
      ],
    },
  ]);
});

test("a call around a call around the very call counts by the innermost, which comes last", () => {
  const inner = call("k");
  const kinds = retold({
    ...{ name: "agent", type: "model", lasts: 20 },
    children: [inner],
  });

  expect(kinds.map(({ pairs }) => pairs)).toEqual([[[2, 0]], [[2, 1]]]);
});
