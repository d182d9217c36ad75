/**
 * Two events of one failure: some SDKs tell an exception a second time, in a span of its own that is
 * called after the first with `_error` at the end. Both stay events; the tree shows them as one.
 */
import type { Extents } from "~/session/outline/extents";
import { type Outline, TOP } from "~/session/outline/outline";

const SUFFIX = "_error";

/** Of failures that are told a second time the place of the second, and of those the first. */
export interface Twins {
  /** By the place of a twin: which one it repeats. */
  readonly originals: ReadonlyMap<number, number>;
  /** By the place of a failure: its twin. */
  readonly twins: ReadonlyMap<number, number>;
}

/** Failures that may be told again, looked at per repetition: the latest ones. Bounds the work. */
const LOOK_BACK = 32;

/**
 * A twin stands beside the other or at the top, began after it, has no children, and one's error
 * class, as far as both are known, is the other's. Each failure is told again once at most.
 */
export function twinsOf(outline: Outline, extents: Extents): Twins {
  const open = new Map<string, number[]>();
  const originals = new Map<number, number>();
  const twins = new Map<number, number>();
  for (const place of failures(outline, extents)) {
    const name = outline.name(place) ?? "";
    const above = outline.parent(place);
    const others = name.endsWith(SUFFIX)
      ? open.get(keyOf(above, name.slice(0, -SUFFIX.length)))
      : undefined;
    const original = latest(others ?? [], twins, (other) => isTwin(outline, place, other));
    if (original !== undefined) {
      originals.set(place, original);
      twins.set(original, place);
    } else {
      const last = name.slice(name.lastIndexOf(".") + 1);
      note(open, keyOf(TOP, last), place);
      if (above !== TOP) note(open, keyOf(above, last), place);
    }
  }
  return { originals, twins };
}

/** At the top are all of a name, wherever they stand: one at the top may repeat any of them. */
function keyOf(above: number, name: string): string {
  return `${above} ${name}`;
}

function note(open: Map<string, number[]>, key: string, place: number): void {
  const known = open.get(key);
  if (known) known.push(place);
  else open.set(key, [place]);
}

/** The latest of `others` that has no twin yet and fits. Those told again leave from the end. */
function latest(
  others: number[],
  twins: ReadonlyMap<number, number>,
  fits: (other: number) => boolean,
): number | undefined {
  while (twins.has(others.at(-1) ?? TOP)) others.pop();
  return others.slice(-LOOK_BACK).findLast((other) => !twins.has(other) && fits(other));
}

function failures(outline: Outline, { begin }: Extents): number[] {
  const found: number[] = [];
  for (let place = 0; place < outline.length; place += 1) {
    if (outline.isError(place)) found.push(place);
  }
  return found.sort((one, other) => (begin[one] ?? 0) - (begin[other] ?? 0) || one - other);
}

function isTwin(outline: Outline, place: number, other: number): boolean {
  if (outline.hasChildren(place)) return false;
  const [one, two] = [outline.error(place) ?? "", outline.error(other) ?? ""];
  return one.includes(two) || two.includes(one);
}
