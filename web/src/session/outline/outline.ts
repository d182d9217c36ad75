/**
 * The structure of a session: of each node what stands where, when, and what it used. Nodes stand in
 * display order, parents before children, and a node is its place there. Compact, for sessions of
 * very many nodes: columns of numbers, texts kept once.
 */
import type { components } from "~/api/data.schema";
import { Dictionary, NONE } from "~/session/outline/dictionary";

export type OutlinePage = components["schemas"]["SessionOutline"];
export type SessionTotals = OutlinePage["session"];

export type NodeType = "model" | "tool" | "chain" | "pending";
export type Status = "unset" | "ok" | "error" | "pending";

/** The parent of what hangs under the session. */
export const TOP = -1;
const STATUSES: readonly Status[] = ["unset", "ok", "error", "pending"];
const ERROR = STATUSES.indexOf("error");
const PENDING = STATUSES.indexOf("pending");

const NUMBERS = [
  ...(["parent", "depth", "descendants", "start", "duration", "cost", "promptTokens"] as const),
  ...(["completionTokens", "status", "name", "type", "error", "model"] as const),
  ...(["provider", "service", "call"] as const),
];

/** What pages are written into. Pages of one revision share it, and each shows more of it. */
export class Columns {
  readonly ids: string[] = [];
  readonly parent: Int32Array;
  readonly depth: Int32Array;
  readonly descendants: Int32Array;
  /** Milliseconds since 1970; not a number for a pending parent, as are durations and costs. */
  readonly start: Float64Array;
  readonly duration: Float64Array;
  readonly cost: Float64Array;
  /** `NONE` for unknown, as are all numbers of texts. */
  readonly promptTokens: Float64Array;
  readonly completionTokens: Float64Array;
  readonly status: Uint8Array;
  readonly name: Int32Array;
  readonly type: Int32Array;
  readonly error: Int32Array;
  readonly model: Int32Array;
  readonly provider: Int32Array;
  readonly service: Int32Array;
  readonly call: Int32Array;
  readonly texts: Dictionary;
  readonly calls: Dictionary;

  /** `before`: what is written already, of which all is taken over. */
  constructor(
    readonly capacity: number,
    before?: Columns,
  ) {
    const whole = () => new Int32Array(capacity);
    const broken = () => new Float64Array(capacity);
    [this.parent, this.depth, this.descendants] = [whole(), whole(), whole()];
    [this.start, this.duration, this.cost] = [broken(), broken(), broken()];
    [this.promptTokens, this.completionTokens] = [broken(), broken()];
    [this.name, this.type, this.error, this.model] = [whole(), whole(), whole(), whole()];
    [this.provider, this.service, this.call] = [whole(), whole(), whole()];
    this.status = new Uint8Array(capacity);
    this.texts = before?.texts ?? new Dictionary();
    this.calls = before?.calls ?? new Dictionary();
    if (before) this.#takeOver(before);
  }

  #takeOver(before: Columns): void {
    for (const id of before.ids) this.ids.push(id);
    for (const column of NUMBERS) this[column].set(before[column]);
  }

  /** Count again how many are below each of the first `length` nodes, by their parents. */
  countDescendants(length: number): void {
    this.descendants.fill(0, 0, length);
    for (let place = length - 1; place >= 0; place -= 1) {
      const above = this.parent[place] ?? TOP;
      if (above === TOP) continue;
      this.descendants[above] = (this.descendants[above] ?? 0) + (this.descendants[place] ?? 0) + 1;
    }
  }

  /** Write a page from the place `first` on; returns the place after its last node. */
  write(first: number, nodes: OutlinePage["nodes"]): number {
    const count = Math.min(nodes.event_id.length, this.capacity - first);
    for (let at = 0; at < count; at += 1) this.ids[first + at] = nodes.event_id[at] ?? "";
    copy(this.parent, nodes.parent, first, count, TOP);
    copy(this.depth, nodes.depth, first, count, 0);
    copy(this.descendants, nodes.descendants, first, count, 0);
    copy(this.start, nodes.start_time, first, count, Number.NaN);
    copy(this.duration, nodes.duration, first, count, Number.NaN);
    copy(this.cost, nodes.cost, first, count, Number.NaN);
    copy(this.promptTokens, nodes.prompt_tokens, first, count, NONE);
    copy(this.completionTokens, nodes.completion_tokens, first, count, NONE);
    for (let at = 0; at < count; at += 1) {
      this.status[first + at] = Math.max(0, STATUSES.indexOf(nodes.status[at] ?? "unset"));
    }
    note(this.name, nodes.event_name, first, count, this.texts);
    note(this.type, nodes.event_type, first, count, this.texts);
    note(this.error, nodes.error_class, first, count, this.texts);
    note(this.model, nodes.model, first, count, this.texts);
    note(this.provider, nodes.provider, first, count, this.texts);
    note(this.service, nodes.service, first, count, this.texts);
    note(this.call, nodes.call_key, first, count, this.calls);
    return first + count;
  }
}

function copy(
  column: Int32Array | Float64Array,
  values: readonly (number | null)[],
  first: number,
  count: number,
  unknown: number,
): void {
  for (let at = 0; at < count; at += 1) column[first + at] = values[at] ?? unknown;
}

function note(
  column: Int32Array,
  values: readonly (string | null)[],
  first: number,
  count: number,
  texts: Dictionary,
): void {
  for (let at = 0; at < count; at += 1) column[first + at] = texts.put(values[at] ?? null);
}

/** What is there so far of one revision of a session. It does not change. */
export class Outline {
  constructor(
    readonly session: SessionTotals,
    readonly revision: string,
    /** Nodes of the whole session. */
    readonly count: number,
    readonly columns: Columns,
    /** Nodes that are there: the first ones. */
    readonly length: number,
    /** Whether the platform said that something acknowledged may be missing. */
    readonly behind: boolean,
  ) {}

  get isComplete(): boolean {
    return this.length >= this.count;
  }

  id(place: number): string {
    return this.columns.ids[place] ?? "";
  }

  /** The place of an event, or undefined where it is not there (yet). */
  placeOf(id: string | undefined): number | undefined {
    if (!id) return undefined;
    const place = this.columns.ids.indexOf(id);
    return place < 0 || place >= this.length ? undefined : place;
  }

  parent(place: number): number {
    return this.columns.parent[place] ?? TOP;
  }

  depth(place: number): number {
    return this.columns.depth[place] ?? 0;
  }

  /** The place after the last node below this one, of those that are there. */
  after(place: number): number {
    return Math.min(this.length, place + 1 + (this.columns.descendants[place] ?? 0));
  }

  hasChildren(place: number): boolean {
    return (this.columns.descendants[place] ?? 0) > 0;
  }

  name(place: number): string | undefined {
    return this.#text(this.columns.name, place);
  }

  type(place: number): NodeType {
    if (this.isPending(place)) return "pending";
    const type = this.#text(this.columns.type, place);
    return type === "model" || type === "tool" ? type : "chain";
  }

  isError(place: number): boolean {
    return this.columns.status[place] === ERROR;
  }

  isPending(place: number): boolean {
    return this.columns.status[place] === PENDING;
  }

  error(place: number): string | undefined {
    return this.#text(this.columns.error, place);
  }

  model(place: number): string | undefined {
    return this.#text(this.columns.model, place);
  }

  provider(place: number): string | undefined {
    return this.#text(this.columns.provider, place);
  }

  service(place: number): string | undefined {
    return this.#text(this.columns.service, place);
  }

  promptTokens(place: number): number | undefined {
    return known(this.columns.promptTokens[place]);
  }

  completionTokens(place: number): number | undefined {
    return known(this.columns.completionTokens[place]);
  }

  tokens(place: number): number | undefined {
    const [prompt, completion] = [this.promptTokens(place), this.completionTokens(place)];
    return prompt === undefined && completion === undefined
      ? undefined
      : (prompt ?? 0) + (completion ?? 0);
  }

  cost(place: number): number | undefined {
    const cost = this.columns.cost[place];
    return cost === undefined || Number.isNaN(cost) ? undefined : cost;
  }

  /** Milliseconds; undefined for a pending parent. */
  duration(place: number): number | undefined {
    const duration = this.columns.duration[place];
    return duration === undefined || Number.isNaN(duration) ? undefined : duration;
  }

  /** Nodes with one number tell of one call of a model; `NONE` for no such number. */
  call(place: number): number {
    return this.columns.call[place] ?? NONE;
  }

  #text(column: Int32Array, place: number): string | undefined {
    return this.columns.texts.get(column[place] ?? NONE);
  }
}

function known(value: number | undefined): number | undefined {
  return value === undefined || value === NONE ? undefined : value;
}
