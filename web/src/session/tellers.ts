/**
 * Who tells what was said in a call: several spans may tell of one call, and some of them without its
 * content. The structure of a session does not say which; one call of each kind is asked.
 */
import { NONE } from "~/session/outline/dictionary";
import type { Facts } from "~/session/outline/facts";
import { TOP } from "~/session/outline/outline";

/** Calls that are told of by nodes of the same two names. */
export interface Retold {
  /** Of each call the node that counts, and another that tells of it again. */
  readonly pairs: readonly (readonly [counts: number, again: number])[];
}

export function retoldIn(facts: Facts): Retold[] {
  const { outline, again } = facts;
  const counting = countingOf(facts);
  const kinds = new Map<string, [number, number][]>();
  for (let place = 0; place < outline.length; place += 1) {
    const counts = counting.get(place);
    if (!again[place] || counts === undefined) continue;
    const { name } = outline.columns;
    const kind = `${name[counts]} ${name[place]}`;
    const pairs = kinds.get(kind);
    if (pairs) pairs.push([counts, place]);
    else kinds.set(kind, [[counts, place]]);
  }
  return [...kinds.values()].map((pairs) => ({ pairs }));
}

/** Of each node that tells again: the one that counts, by their call or as it stands below. */
function countingOf({ outline, again }: Facts): Map<number, number> {
  const ofCall = new Map<number, number>();
  const counting = new Map<number, number>();
  for (let place = outline.length - 1; place >= 0; place -= 1) {
    const call = outline.call(place);
    if (!again[place] && call !== NONE) ofCall.set(call, place);
  }
  for (let place = outline.length - 1; place >= 0; place -= 1) {
    const counts = again[place] ? (ofCall.get(outline.call(place)) ?? counting.get(place)) : place;
    if (counts === undefined) continue;
    if (again[place]) counting.set(place, counts);
    const above = outline.parent(place);
    const isRetold = above !== TOP && again[above] === 1 && outline.type(place) === "model";
    if (isRetold) counting.set(above, counts);
  }
  return counting;
}
