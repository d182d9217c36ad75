/** The whole session as a small picture: which lane of depth is busy when, with what. */
import type { Facts } from "~/session/outline/facts";
import type { NodeType } from "~/session/outline/outline";
import type { Pieces } from "~/session/outline/pieces";

/** What a pixel shows; 0 for nothing. */
export const PIXELS: readonly (NodeType | "error")[] = [
  "chain",
  "tool",
  "model",
  "pending",
  "error",
];
const ERROR = PIXELS.indexOf("error") + 1;
const PIECE = 25_000;

export interface Picture {
  readonly width: number;
  readonly lanes: number;
  /** Row by row: 1 + the number of what `PIXELS` names. */
  readonly pixels: Uint8Array;
}

/** Deeper nodes than there are lanes share the last one. Errors are drawn over everything. */
export function* picture(
  { outline, extents }: Facts,
  width: number,
  most: number,
): Pieces<Picture> {
  const { begin, end, length } = extents;
  const lanes = lanesOf(outline.columns.depth.subarray(0, outline.length), most);
  const pixels = new Uint8Array(width * lanes);
  for (let place = 0; place < outline.length; place += 1) {
    const row = Math.min(outline.depth(place), lanes - 1) * width;
    const from = Math.min(width - 1, Math.floor(((begin[place] ?? 0) / length) * width));
    const to = Math.min(
      width,
      Math.max(from + 1, Math.round(((end[place] ?? 0) / length) * width)),
    );
    if (outline.isError(place)) pixels.fill(ERROR, row + from, row + to);
    else paint(pixels, row + from, row + to, 1 + PIXELS.indexOf(outline.type(place)));
    if (place % PIECE === PIECE - 1) yield;
  }
  return { width, lanes, pixels };
}

function lanesOf(depths: Int32Array, most: number): number {
  let deepest = 0;
  for (const depth of depths) deepest = Math.max(deepest, depth);
  return Math.min(most, deepest + 1);
}

function paint(pixels: Uint8Array, from: number, to: number, what: number): void {
  for (let at = from; at < to; at += 1) {
    if ((pixels[at] ?? 0) < what) pixels[at] = what;
  }
}
