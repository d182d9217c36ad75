import { expect, test } from "vitest";
import { Columns, Outline } from "~/session/outline/outline";
import { outlineOf, pageOf, totals } from "~/session/outline/sample";

test("a node is told as the platform told it", () => {
  const outline = outlineOf([
    {
      ...{ id: "a", name: "answer", at: 5, lasts: 20 },
      children: [
        {
          ...{ id: "b", name: "chat", type: "model", model: "gpt-4o", tokens: [30, 12] },
          ...{ status: "error", error: "RateLimitError", cost: 0.5 },
        },
      ],
    },
  ]);

  expect(outline.length).toBe(2);
  expect(outline.placeOf("b")).toBe(1);
  expect(outline.parent(1)).toBe(0);
  expect(outline.after(0)).toBe(2);
  expect([outline.name(1), outline.type(1), outline.model(1)]).toEqual(["chat", "model", "gpt-4o"]);
  expect([outline.isError(1), outline.error(1)]).toEqual([true, "RateLimitError"]);
  expect([outline.tokens(1), outline.cost(1)]).toEqual([42, 0.5]);
  expect([outline.tokens(0), outline.cost(0)]).toEqual([undefined, undefined]);
});

test("a parent that has not arrived is pending, without a name and a duration", () => {
  const outline = outlineOf([{ status: "pending", children: [{ name: "child" }] }]);

  expect(outline.type(0)).toBe("pending");
  expect(outline.name(0)).toBeUndefined();
  expect(outline.duration(0)).toBeUndefined();
});

test("pages are written one behind the other, and an outline shows only what is there", () => {
  const nodes = pageOf([{ id: "a", children: [{ id: "b" }, { id: "c" }] }]);
  const columns = new Columns(3);
  const half = columns.write(0, cut(nodes, 0, 2));
  const early = new Outline(totals(3), "r", 3, columns, half, false);

  expect(columns.write(half, cut(nodes, 2, 3))).toBe(3);
  const whole = new Outline(totals(3), "r", 3, columns, 3, false);

  expect([early.isComplete, early.after(0), early.placeOf("c")]).toEqual([false, 2, undefined]);
  expect([whole.isComplete, whole.after(0), whole.placeOf("c")]).toEqual([true, 3, 2]);
});

test("a page that is longer than announced writes nothing beyond the end", () => {
  const columns = new Columns(1);

  expect(columns.write(0, pageOf([{ id: "a" }, { id: "b" }]))).toBe(1);
  expect(columns.ids).toEqual(["a"]);
});

type Nodes = ReturnType<typeof pageOf>;

function cut(nodes: Nodes, from: number, to: number): Nodes {
  const parts = Object.entries(nodes).map(([name, column]) => [name, column.slice(from, to)]);
  return Object.fromEntries(parts) as Nodes;
}
