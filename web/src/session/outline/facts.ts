/** What follows from an outline, worked out once for all views. */
import { counted, toldAgain } from "~/session/outline/counted";
import { type Extents, extentsOf } from "~/session/outline/extents";
import type { Outline } from "~/session/outline/outline";
import type { Pieces } from "~/session/outline/pieces";
import { type Sums, sumsOf } from "~/session/outline/sums";
import { type Twins, twinsOf } from "~/session/outline/twins";

export interface Facts {
  readonly outline: Outline;
  readonly extents: Extents;
  readonly twins: Twins;
  /** 1 for the nodes whose tokens, and whose costs, count: each call of a model once. */
  readonly tokensCount: Uint8Array;
  readonly costCount: Uint8Array;
  /** 1 for the nodes that tell of a call which another node tells of, too. */
  readonly again: Uint8Array;
  readonly sums: Sums;
  /** Places of failures, each told once, in order. */
  readonly errors: Int32Array;
}

export function* factsOf(outline: Outline): Pieces<Facts> {
  const extents = extentsOf(outline);
  yield;
  const twins = twinsOf(outline, extents);
  yield;
  const tokensCount = counted(outline, extents, (place) => outline.tokens(place) !== undefined);
  yield;
  const costCount = counted(outline, extents, (place) => outline.cost(place) !== undefined);
  yield;
  const again = toldAgain(outline, extents);
  yield;
  const isTwin = (place: number) => twins.originals.has(place);
  const sums = sumsOf(outline, tokensCount, costCount, isTwin);
  const errors = errorsOf(outline, isTwin);
  return { outline, extents, twins, tokensCount, costCount, again, sums, errors };
}

function errorsOf(outline: Outline, isTwin: (place: number) => boolean): Int32Array {
  const errors: number[] = [];
  for (let place = 0; place < outline.length; place += 1) {
    if (outline.isError(place) && !isTwin(place)) errors.push(place);
  }
  return Int32Array.from(errors);
}
