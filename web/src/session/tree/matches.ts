/** Finding nodes: by name, model, provider or kind of error, and by type. */
import { NONE } from "~/session/outline/dictionary";
import type { NodeType, Outline } from "~/session/outline/outline";

export const KINDS = ["model", "tool", "chain", "error"] as const;
export type Kind = (typeof KINDS)[number];

/** The places of what holds the sought text, in order. Each distinct text is looked at once. */
export function matchesOf(outline: Outline, sought: string): Int32Array {
  const exact = sought.trim();
  const needle = exact.toLowerCase();
  if (!needle) return new Int32Array();
  const { columns } = outline;
  const holds = columns.texts.texts.map((text) => text.toLowerCase().includes(needle));
  const searched = [columns.name, columns.model, columns.error, columns.provider];
  const found = new Int32Array(outline.length);
  let count = 0;
  for (let place = 0; place < outline.length; place += 1) {
    const id = outline.id(place);
    const isMatch =
      searched.some((column) => holds[column[place] ?? NONE]) || id === exact || id === needle;
    if (!isMatch) continue;
    found[count] = place;
    count += 1;
  }
  return found.slice(0, count);
}

/** Whether a node is of one of the types among `kinds`, and an error where they name errors. */
export function isOneOf(outline: Outline, kinds: readonly Kind[]): (place: number) => boolean {
  const types = new Set<NodeType>(kinds.filter((kind) => kind !== "error"));
  const errors = kinds.includes("error");
  return (place) => {
    const fits = types.size === 0 || types.has(outline.type(place));
    return fits && (!errors || outline.isError(place));
  };
}

/** The first of `places` (ascending) after `place`, round the end. */
export function following(places: Int32Array, place: number): number | undefined {
  return places.find((one) => one > place) ?? places[0];
}

/** The last of `places` before `place`, round the beginning. */
export function preceding(places: Int32Array, place: number): number | undefined {
  return places.findLast((one) => one < place) ?? places.at(-1);
}
