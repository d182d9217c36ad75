/**
 * The steps of a session, and what each costs in time, tokens and dollars: all calls with one name
 * and type below steps of one name are one step.
 */
import type { Facts } from "~/session/outline/facts";
import { type NodeType, TOP } from "~/session/outline/outline";

export interface Step {
  readonly key: string;
  readonly name: string | undefined;
  /** Name of the step that calls it, where one does. */
  readonly caller: string | undefined;
  readonly type: NodeType;
  readonly calls: number;
  /** Milliseconds of all calls, from begin to end. */
  readonly total: number;
  /** Milliseconds of it in which no child ran. */
  readonly self: number;
  /** Milliseconds on the critical path of the session. */
  readonly critical: number;
  readonly errors: number;
  readonly tokens: number;
  readonly cost: number;
  /** Of its shallowest call. */
  readonly depth: number;
  /** Place of the call that took longest. */
  readonly slowest: number;
}

export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly calls: number;
  readonly critical: boolean;
}

export interface Steps {
  readonly steps: readonly Step[];
  readonly edges: readonly Edge[];
}

type Growing = { -readonly [K in keyof Step]: Step[K] };
type GrowingEdge = { -readonly [K in keyof Edge]: Edge[K] };

/** `self` and `critical`: milliseconds of each node. */
export function stepsOf(facts: Facts, self: Float64Array, critical: Float64Array): Steps {
  const { outline, twins } = facts;
  const steps = new Map<string, Growing>();
  const edges = new Map<string, GrowingEdge>();
  const keys: string[] = [];
  for (let place = 0; place < outline.length; place += 1) {
    const key = keyOf(facts, place);
    keys.push(key);
    if (twins.originals.has(place)) continue;
    const step = steps.get(key) ?? begun(facts, place, key);
    steps.set(key, step);
    add(step, facts, place, self[place] ?? 0, critical[place] ?? 0);
    const above = outline.parent(place);
    if (above !== TOP) join(edges, keys[above] ?? "", key, (critical[place] ?? 0) > 0);
  }
  return { steps: [...steps.values()], edges: [...edges.values()] };
}

/** Which step a node belongs to. Of numbers, not of texts: there may be very many nodes. */
export function keyOf({ outline }: Facts, place: number): string {
  const { name } = outline.columns;
  const above = outline.parent(place);
  const parent = above === TOP ? "" : name[above];
  return `${parent}/${name[place]}/${outline.type(place)}`;
}

function begun({ outline }: Facts, place: number, key: string): Growing {
  const above = outline.parent(place);
  return {
    ...{ key, name: outline.name(place), type: outline.type(place), depth: outline.depth(place) },
    caller: above === TOP ? undefined : outline.name(above),
    ...{ calls: 0, total: 0, self: 0, critical: 0, errors: 0, tokens: 0, cost: 0, slowest: place },
  };
}

function add(step: Growing, facts: Facts, place: number, self: number, critical: number): void {
  const { outline, extents } = facts;
  const length = (at: number) => (extents.end[at] ?? 0) - (extents.begin[at] ?? 0);
  step.calls += 1;
  step.total += length(place);
  step.self += self;
  step.critical += critical;
  step.errors += outline.isError(place) ? 1 : 0;
  step.tokens += facts.tokensCount[place] ? (outline.tokens(place) ?? 0) : 0;
  step.cost += facts.costCount[place] ? (outline.cost(place) ?? 0) : 0;
  step.depth = Math.min(step.depth, outline.depth(place));
  if (length(place) > length(step.slowest)) step.slowest = place;
}

function join(edges: Map<string, GrowingEdge>, from: string, to: string, critical: boolean): void {
  const key = `${from}\n${to}`;
  const edge = edges.get(key) ?? { from, to, calls: 0, critical: false };
  edge.calls += 1;
  edge.critical ||= critical;
  edges.set(key, edge);
}

/** The `most` steps that matter: first those on the critical path, then failing ones, then by time. */
export function foremost({ steps, edges }: Steps, most: number): Steps & { readonly left: number } {
  if (steps.length <= most) return { steps, edges, left: 0 };
  const chosen = [...steps]
    .sort((a, b) => b.critical - a.critical || b.errors - a.errors || b.self - a.self)
    .slice(0, most);
  const keys = new Set(chosen.map((step) => step.key));
  return {
    steps: chosen,
    edges: edges.filter(({ from, to }) => keys.has(from) && keys.has(to)),
    left: steps.length - most,
  };
}
