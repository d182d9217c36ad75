/** What a session adds up to by model, by tool and by error. */
import type { Facts } from "~/session/outline/facts";

export interface ModelGroup {
  readonly model: string | undefined;
  readonly calls: number;
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cost: number;
  /** Whether the cost of any call is known. */
  readonly isPriced: boolean;
  readonly errors: number;
  /** Milliseconds. */
  readonly total: number;
  readonly slowest: number;
}

export interface ToolGroup {
  readonly name: string | undefined;
  readonly calls: number;
  readonly errors: number;
  readonly total: number;
  /** Milliseconds of the longest call, and its place. */
  readonly longest: number;
  readonly slowest: number;
}

export interface ErrorGroup {
  readonly error: string | undefined;
  readonly name: string | undefined;
  readonly count: number;
  /** Place of the first one. */
  readonly first: number;
}

type Growing<T> = { -readonly [K in keyof T]: T[K] };

/** The dearest first. Calls that are told of twice count once. */
export function byModel({ outline, again, tokensCount, costCount }: Facts): ModelGroup[] {
  const groups = new Map<string | undefined, Growing<ModelGroup>>();
  for (let place = 0; place < outline.length; place += 1) {
    if (outline.type(place) !== "model" || again[place]) continue;
    const model = outline.model(place);
    const group = groups.get(model) ?? {
      ...{ model, calls: 0, promptTokens: 0, completionTokens: 0, cost: 0, isPriced: false },
      ...{ errors: 0, total: 0, slowest: place },
    };
    groups.set(model, group);
    const lasted = outline.duration(place) ?? 0;
    group.calls += 1;
    group.total += lasted;
    group.errors += outline.isError(place) ? 1 : 0;
    if (tokensCount[place]) {
      group.promptTokens += outline.promptTokens(place) ?? 0;
      group.completionTokens += outline.completionTokens(place) ?? 0;
    }
    if (costCount[place]) {
      group.cost += outline.cost(place) ?? 0;
      group.isPriced = true;
    }
    if (lasted > (outline.duration(group.slowest) ?? 0)) group.slowest = place;
  }
  return [...groups.values()].sort((a, b) => b.cost - a.cost || b.calls - a.calls);
}

/** The one that took longest in all first. */
export function byTool({ outline, twins }: Facts): ToolGroup[] {
  const groups = new Map<string | undefined, Growing<ToolGroup>>();
  for (let place = 0; place < outline.length; place += 1) {
    if (outline.type(place) !== "tool" || twins.originals.has(place)) continue;
    const name = outline.name(place);
    const lasted = outline.duration(place) ?? 0;
    const group = groups.get(name) ?? {
      ...{ name, calls: 0, errors: 0, total: 0, longest: lasted, slowest: place },
    };
    groups.set(name, group);
    group.calls += 1;
    group.errors += outline.isError(place) ? 1 : 0;
    group.total += lasted;
    if (lasted > group.longest) [group.longest, group.slowest] = [lasted, place];
  }
  return [...groups.values()].sort((a, b) => b.total - a.total);
}

/** The most frequent first. */
export function byError({ outline, errors }: Facts): ErrorGroup[] {
  const groups = new Map<string, Growing<ErrorGroup>>();
  for (const place of errors) {
    const [error, name] = [outline.error(place), outline.name(place)];
    const key = `${error ?? ""}\n${name ?? ""}`;
    const group = groups.get(key) ?? { error, name, count: 0, first: place };
    groups.set(key, group);
    group.count += 1;
  }
  return [...groups.values()].sort((a, b) => b.count - a.count || a.first - b.first);
}
