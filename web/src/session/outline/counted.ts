/**
 * Which nodes count towards sums, so that each call of a model counts once: several spans may tell of
 * one call, those of a framework, of an instrumentor below it and of the provider's own client. The
 * platform's sums follow the same rule, for tokens and for costs each for itself.
 */
import { NONE } from "~/session/outline/dictionary";
import type { Extents } from "~/session/outline/extents";
import { type Outline, TOP } from "~/session/outline/outline";

type Says = (place: number) => boolean;

/** 1 for each node that counts. `says`: whether a node tells anything to be counted. */
export function counted(outline: Outline, extents: Extents, says: Says): Uint8Array {
  const repeats = repeating(outline, extents, says);
  const counts = new Uint8Array(outline.length);
  const teller = new Map<number, number>();
  for (let place = 0; place < outline.length; place += 1) {
    if (!says(place) || repeats[place]) continue;
    const call = outline.call(place);
    const other = call === NONE ? undefined : teller.get(call);
    if (other !== undefined) counts[other] = 0;
    if (call !== NONE) teller.set(call, place);
    counts[place] = 1;
  }
  return counts;
}

/** 1 for each node that tells again of a call that another node tells of, too. */
export function toldAgain(outline: Outline, extents: Extents): Uint8Array {
  const says: Says = (place) =>
    outline.tokens(place) !== undefined || outline.cost(place) !== undefined;
  const counts = counted(outline, extents, says);
  const repeats = repeating(outline, extents, says);
  const again = new Uint8Array(outline.length);
  const calls = callsCounted(outline, counts);
  for (let place = 0; place < outline.length; place += 1) {
    const isShared = calls.has(outline.call(place)) && !counts[place];
    again[place] = isShared || repeats[place] ? 1 : 0;
  }
  return again;
}

function callsCounted(outline: Outline, counts: Uint8Array): Set<number> {
  const calls = new Set<number>();
  for (let place = 0; place < outline.length; place += 1) {
    if (counts[place] && outline.call(place) !== NONE) calls.add(outline.call(place));
  }
  return calls;
}

/** Model events that repeat one directly below them which says something and began before they ended. */
function repeating(outline: Outline, { begin, end }: Extents, says: Says): Uint8Array {
  const repeats = new Uint8Array(outline.length);
  for (let place = 0; place < outline.length; place += 1) {
    const above = outline.parent(place);
    if (above === TOP || outline.type(place) !== "model" || outline.type(above) !== "model")
      continue;
    if (says(place) && (begin[place] ?? 0) <= (end[above] ?? 0)) repeats[above] = 1;
  }
  return repeats;
}
