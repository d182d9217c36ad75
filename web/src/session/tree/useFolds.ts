import { useCallback, useState } from "react";
import type { Outline } from "~/session/outline/outline";
import { type Folds, foldedFrom, isFolded, reveal, turn, UNFOLDED } from "~/session/tree/folds";

/** The folds of one tree, and ways to change them. */
export interface FoldState {
  readonly folds: Folds;
  readonly isFolded: (place: number) => boolean;
  readonly turn: (place: number) => void;
  readonly foldAll: () => void;
  readonly unfoldAll: () => void;
  /** Show so many levels. */
  readonly unfoldTo: (levels: number) => void;
  /** Unfold what hides a node. */
  readonly reveal: (place: number) => void;
}

export function useFolds(outline: Outline): FoldState {
  const [folds, setFolds] = useState(UNFOLDED);
  return {
    folds,
    isFolded: (place) => isFolded(folds, outline, place),
    turn: (place) => setFolds((before) => turn(before, outline, [place])),
    foldAll: useCallback(() => setFolds(foldedFrom(0)), []),
    unfoldAll: useCallback(() => setFolds(UNFOLDED), []),
    unfoldTo: useCallback((levels: number) => setFolds(foldedFrom(levels - 1)), []),
    reveal: useCallback(
      (place: number) => setFolds((before) => reveal(before, outline, place)),
      [outline],
    ),
  };
}
