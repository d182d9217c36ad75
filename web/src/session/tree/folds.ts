/** Which nodes of the tree are folded: from a depth on, but for those that were turned by hand. */
import type { Outline } from "~/session/outline/outline";

export interface Folds {
  /** Nodes this deep and deeper are folded; infinite: none. */
  readonly depth: number;
  /** Ids of the nodes that are otherwise than their depth says. */
  readonly turned: ReadonlySet<string>;
}

export const UNFOLDED: Folds = { depth: Number.POSITIVE_INFINITY, turned: new Set() };

export function foldedFrom(depth: number): Folds {
  return { depth, turned: new Set() };
}

export function isFolded(folds: Folds, outline: Outline, place: number): boolean {
  if (!outline.hasChildren(place)) return false;
  const byDepth = outline.depth(place) >= folds.depth;
  return folds.turned.size > 0 && folds.turned.has(outline.id(place)) ? !byDepth : byDepth;
}

export function turn(folds: Folds, outline: Outline, places: readonly number[]): Folds {
  const turned = new Set(folds.turned);
  for (const place of places) {
    const id = outline.id(place);
    if (!turned.delete(id)) turned.add(id);
  }
  return { depth: folds.depth, turned };
}

/** Unfold all that hides a node. The same folds where nothing does. */
export function reveal(folds: Folds, outline: Outline, place: number): Folds {
  const hiding: number[] = [];
  for (let above = outline.parent(place); above >= 0; above = outline.parent(above)) {
    if (isFolded(folds, outline, above)) hiding.push(above);
  }
  return hiding.length ? turn(folds, outline, hiding) : folds;
}
