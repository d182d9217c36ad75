import { expect, test } from "vitest";
import { indentedLayoutOf, layoutOf } from "~/session/graph/layout";
import { foremost, stepsOf } from "~/session/graph/steps";
import { criticalPath, selfTimes } from "~/session/graph/time";
import { factsOf } from "~/session/outline/facts";
import { atOnce } from "~/session/outline/pieces";
import { outlineOf, type Sample } from "~/session/outline/sample";

const TREE: Sample = {
  ...{ name: "agent", at: 0, lasts: 100 },
  children: [
    {
      name: "plan",
      at: 10,
      lasts: 20,
      children: [{ name: "chat", type: "model", at: 12, lasts: 10 }],
    },
    { name: "fetch", type: "tool", at: 30, lasts: 10 },
    { name: "fetch", type: "tool", at: 30, lasts: 60, status: "error" },
  ],
};

function timed(...roots: Sample[]) {
  const facts = atOnce(factsOf(outlineOf(roots)));
  const self = selfTimes(facts.outline, facts.extents);
  const critical = criticalPath(facts.outline, facts.extents);
  return { self, critical, ...stepsOf(facts, self, critical) };
}

test("own time is what no child took, and children at one time take it once", () => {
  expect([...timed(TREE).self]).toEqual([20, 10, 10, 10, 60]);
});

test("a child that runs on after its parent takes no more than the parent had", () => {
  expect([...timed({ at: 0, lasts: 10, children: [{ at: 5, lasts: 50 }] }).self]).toEqual([5, 50]);
});

test("the critical path follows what ended last, and adds up to the session", () => {
  const { critical } = timed(TREE);

  expect([...critical].map(Math.round)).toEqual([20, 10, 10, 0, 60]);
  expect(critical[3]).toBe(0);
});

test("a node that only waits is on the critical path, too", () => {
  const { critical } = timed({ at: 0, lasts: 100, children: [{ at: 0, lasts: 100 }] });

  expect(critical[0]).toBeGreaterThan(0);
  expect(critical[1]).toBe(100);
});

test("a tree as deep as there are nodes needs no deep stack", () => {
  let root: Sample = { at: 0, lasts: 1 };
  for (let depth = 0; depth < 3_000; depth += 1) root = { at: 0, lasts: 1, children: [root] };

  expect(timed(root).critical.at(-1)).toBe(1);
});

test("a node may wait for more children than a call takes arguments", () => {
  const children = Array.from({ length: 200_000 }, (_, at): Sample => ({ at, lasts: 1 }));

  const { critical } = timed({ at: 0, lasts: 200_000, children });

  expect(critical.at(-1)).toBe(1);
});

test("calls of one name below one step are one step", () => {
  const { steps, edges } = timed(TREE);
  const fetch = steps.find((step) => step.name === "fetch");

  expect(steps.map((step) => step.name)).toEqual(["agent", "plan", "chat", "fetch"]);
  expect(fetch).toMatchObject({
    calls: 2,
    total: 70,
    self: 70,
    errors: 1,
    depth: 1,
    slowest: 4,
    caller: "agent",
  });
  expect(edges).toHaveLength(3);
  expect(edges.find(({ to }) => to === fetch?.key)).toMatchObject({ calls: 2, critical: true });
});

test("the foremost steps are those that the session waited for", () => {
  const all = timed(TREE);
  const few = foremost(all, 2);

  expect(few.steps.map((step) => step.name)).toEqual(["fetch", "agent"]);
  expect(few.edges).toHaveLength(1);
  expect(few.left).toBe(2);
  expect(foremost(all, 9).left).toBe(0);
});

test("a step stands right of its caller, and a caller at the middle of what it calls", () => {
  const { boxes } = layoutOf(timed(TREE));
  const [agent, plan, chat, fetch] = boxes;

  expect(plan?.x).toBe(fetch?.x);
  expect(plan?.x).toBeGreaterThan(agent?.x ?? 0);
  expect(chat?.y).toBe(plan?.y);
  expect(agent?.y).toBe(((plan?.y ?? 0) + (fetch?.y ?? 0)) / 2);
});

test("no two steps stand on each other, recursion or not", () => {
  const ring: Sample = {
    name: "a",
    children: [{ name: "b", children: [{ name: "a", children: [{ name: "b" }, { name: "c" }] }] }],
  };
  const { boxes, lines } = layoutOf(timed(ring, TREE));
  const places = new Set(boxes.map(({ x, y }) => `${x},${y}`));

  expect(places.size).toBe(boxes.length);
  expect(lines.length).toBeGreaterThanOrEqual(boxes.length - 2);
});

test("on a narrow screen a step stands below its caller, indented, each on a line of its own", () => {
  const { boxes, lines, width } = indentedLayoutOf(timed(TREE));
  const names = boxes.map(({ step }) => step.name);

  expect(names).toEqual(["agent", "plan", "chat", "fetch"]);
  expect(new Set(boxes.map(({ y }) => y)).size).toBe(boxes.length);
  expect(boxes[1]?.x).toBeGreaterThan(boxes[0]?.x ?? 0);
  expect(boxes[3]?.x).toBe(boxes[1]?.x);
  expect(lines).toHaveLength(3);
  expect(width).toBeLessThan(390 - 2 * 24);
});

test("a step that calls itself above is drawn on a narrow screen too", () => {
  const ring: Sample = { name: "a", children: [{ name: "b", children: [{ name: "a" }] }] };
  const { boxes, lines } = indentedLayoutOf(timed(ring));

  expect(new Set(boxes.map(({ y }) => y)).size).toBe(boxes.length);
  expect(lines.every(({ path }) => !path.includes("NaN"))).toBe(true);
});

test("an empty session has an empty graph", () => {
  expect(layoutOf({ steps: [], edges: [] }).boxes).toEqual([]);
  expect(indentedLayoutOf({ steps: [], edges: [] }).boxes).toEqual([]);
});
