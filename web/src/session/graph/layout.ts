/** Where the boxes of the steps stand: a column for each depth, what belongs together side by side. */
import type { Edge, Step, Steps } from "~/session/graph/steps";

export const BOX = { width: 216, height: 60 } as const;
const GAP = { across: 72, down: 16 } as const;

export interface Placed {
  readonly step: Step;
  readonly x: number;
  readonly y: number;
}

export interface Drawn {
  readonly edge: Edge;
  /** An SVG path. */
  readonly path: string;
}

export interface Layout {
  readonly boxes: readonly Placed[];
  readonly lines: readonly Drawn[];
  readonly width: number;
  readonly height: number;
}

/** Of a drawing for a narrow screen. */
const INDENT = 24;
/** Where a line leaves a caller below, from its left edge. */
const STEM = 12;

/** For narrow screens: each step below its caller, indented; calls back up go round on the right. */
export function indentedLayoutOf({ steps, edges }: Steps): Layout {
  const least = Math.min(...steps.map((step) => step.depth));
  const boxes = callersFirst(steps, calledBy(steps, edges)).map((step, at) => ({
    step,
    x: (step.depth - least) * INDENT,
    y: at * (BOX.height + GAP.down),
  }));
  return drawn(boxes, edges, elbow);
}

/**
 * Steps are almost a tree: each stands beside the shallower step that calls it most, a caller at the
 * middle of what it calls. Further calls, such as recursion, are lines only.
 */
export function layoutOf({ steps, edges }: Steps): Layout {
  const called = calledBy(steps, edges);
  const down = new Map<string, number>();
  let slots = 0;
  for (const step of leavesFirst(steps, called)) {
    const below = (called.children.get(step.key) ?? []).map((child) => down.get(child.key) ?? 0);
    const [first, last] = [below[0], below.at(-1)];
    if (first === undefined || last === undefined) {
      down.set(step.key, slots * (BOX.height + GAP.down));
      slots += 1;
    } else {
      down.set(step.key, (first + last) / 2);
    }
  }
  const least = Math.min(...steps.map((step) => step.depth));
  const boxes = steps.map((step) => ({
    step,
    x: (step.depth - least) * (BOX.width + GAP.across),
    y: down.get(step.key) ?? 0,
  }));
  return drawn(boxes, edges, curve);
}

function drawn(
  boxes: readonly Placed[],
  edges: readonly Edge[],
  line: (from: Placed, to: Placed) => string,
): Layout {
  const places = new Map(boxes.map((box) => [box.step.key, box]));
  const bow = edges.some((edge) => goesBack(places, edge)) ? 1 : 0;
  return {
    boxes,
    lines: edges.flatMap((edge) => {
      const [from, to] = [places.get(edge.from), places.get(edge.to)];
      return from && to ? [{ edge, path: line(from, to) }] : [];
    }),
    width: Math.max(0, ...boxes.map(({ x }) => x)) + BOX.width + bow * (GAP.across / 2),
    height: Math.max(0, ...boxes.map(({ y }) => y)) + BOX.height + bow * GAP.down,
  };
}

/** Such a line, as that of a step that calls itself, goes round outside of the boxes. */
function goesBack(places: ReadonlyMap<string, Placed>, edge: Edge): boolean {
  const [from, to] = [places.get(edge.from), places.get(edge.to)];
  return from !== undefined && to !== undefined && to.x <= from.x;
}

interface Called {
  readonly roots: readonly Step[];
  readonly children: ReadonlyMap<string, readonly Step[]>;
}

function calledBy(steps: readonly Step[], edges: readonly Edge[]): Called {
  const byKey = new Map(steps.map((step) => [step.key, step]));
  const callers = new Map<string, Edge>();
  for (const edge of edges) {
    const [from, to] = [byKey.get(edge.from), byKey.get(edge.to)];
    if (!from || !to || from.depth >= to.depth) continue;
    if (edge.calls > (callers.get(edge.to)?.calls ?? 0)) callers.set(edge.to, edge);
  }
  const children = new Map<string, Step[]>();
  const roots: Step[] = [];
  for (const step of steps) {
    const caller = callers.get(step.key)?.from;
    if (caller === undefined) roots.push(step);
    else children.set(caller, [...(children.get(caller) ?? []), step]);
  }
  return { roots, children };
}

function callersFirst(steps: readonly Step[], { roots, children }: Called): readonly Step[] {
  const order: Step[] = [];
  const stack = [...roots].reverse();
  for (let step = stack.pop(); step; step = stack.pop()) {
    order.push(step);
    stack.push(...[...(children.get(step.key) ?? [])].reverse());
  }
  return order.length === steps.length ? order : steps;
}

/** What is called before what calls it; without recursion, for trees may be deep. */
function leavesFirst(steps: readonly Step[], { roots, children }: Called): Step[] {
  const order: Step[] = [];
  const stack = [...roots];
  for (let step = stack.pop(); step; step = stack.pop()) {
    order.push(step);
    stack.push(...(children.get(step.key) ?? []));
  }
  // Parents came first and siblings last to first: turned round, it is leaves first, in order.
  return order.length === steps.length ? order.reverse() : [...steps].reverse();
}

function elbow(from: Placed, to: Placed): string {
  const down = to.y + BOX.height / 2;
  if (to.x > from.x && to.y > from.y) {
    return `M${from.x + STEM},${from.y + BOX.height} V${down} H${to.x}`;
  }
  const [right, up] = [Math.max(from.x, to.x) + BOX.width, from.y + BOX.height / 2];
  const bow = right + GAP.down;
  return `M${from.x + BOX.width},${up} C${bow},${up} ${bow},${down} ${to.x + BOX.width},${down}`;
}

function curve(from: Placed, to: Placed): string {
  const forward = to.x > from.x;
  const [x1, y1] = [from.x + BOX.width, from.y + BOX.height / 2];
  const [x2, y2] = [to.x, to.y + BOX.height / 2];
  if (forward) {
    const middle = (x1 + x2) / 2;
    return `M${x1},${y1} C${middle},${y1} ${middle},${y2} ${x2},${y2}`;
  }
  const [below, bow] = [Math.max(from.y, to.y) + BOX.height + GAP.down / 2, GAP.across / 2];
  return `M${x1},${y1} C${x1 + bow},${y1} ${x1 + bow},${below} ${x1},${below} L${x2},${below} C${x2 - bow},${below} ${x2 - bow},${y2} ${x2},${y2}`;
}
