/** What lies below each node, itself included: so that a folded row says what it hides. */
import { type Outline, TOP } from "~/session/outline/outline";

export interface Sums {
  readonly tokens: Float64Array;
  readonly cost: Float64Array;
  readonly errors: Int32Array;
}

/** `tokensCount` and `costCount`: which nodes count (`counted`). `isTwin`: errors told before. */
export function sumsOf(
  outline: Outline,
  tokensCount: Uint8Array,
  costCount: Uint8Array,
  isTwin: (place: number) => boolean,
): Sums {
  const count = outline.length;
  const tokens = new Float64Array(count);
  const cost = new Float64Array(count);
  const errors = new Int32Array(count);
  for (let place = count - 1; place >= 0; place -= 1) {
    tokens[place] = (tokens[place] ?? 0) + (tokensCount[place] ? (outline.tokens(place) ?? 0) : 0);
    cost[place] = (cost[place] ?? 0) + (costCount[place] ? (outline.cost(place) ?? 0) : 0);
    errors[place] = (errors[place] ?? 0) + (outline.isError(place) && !isTwin(place) ? 1 : 0);
    const above = outline.parent(place);
    if (above === TOP) continue;
    tokens[above] = (tokens[above] ?? 0) + (tokens[place] ?? 0);
    cost[above] = (cost[above] ?? 0) + (cost[place] ?? 0);
    errors[above] = (errors[above] ?? 0) + (errors[place] ?? 0);
  }
  return { tokens, cost, errors };
}
