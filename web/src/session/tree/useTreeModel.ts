/** What the tree shows: which rows, which matches, which of them is selected. */
import { useDeferredValue, useEffect, useMemo } from "react";
import { kindsOf } from "~/session/address";
import type { Facts } from "~/session/outline/facts";
import { following, isOneOf, type Kind, matchesOf, preceding } from "~/session/tree/matches";
import { type Kept, keep, rowsOf } from "~/session/tree/rows";
import { type FoldState, useFolds } from "~/session/tree/useFolds";
import type { AddressBook } from "~/session/useSessionAddress";

export interface TreeModel {
  readonly rows: Int32Array;
  readonly kept: Kept | undefined;
  readonly kinds: readonly Kind[];
  readonly folding: FoldState;
  readonly sought: string;
  readonly matches: Int32Array;
  /** Where the selected node stands; of a twin where the failure that it repeats does. */
  readonly cursor: number | undefined;
  /** Select a node: `aside` without a mark in the history. */
  readonly go: (place: number | undefined, aside?: boolean) => void;
  readonly nextMatch: () => void;
  readonly previousMatch: () => void;
}

export function useTreeModel(
  facts: Facts,
  book: AddressBook,
  selected: number | undefined,
): TreeModel {
  const { outline, twins } = facts;
  const { only, q: sought = "" } = book.address;
  const folding = useFolds(outline);
  const kinds = useMemo(() => kindsOf(only), [only]);
  const kept = useMemo(
    () => (kinds.length ? keep(outline, isOneOf(outline, kinds)) : undefined),
    [outline, kinds],
  );
  const { folds } = folding;
  const rows = useMemo(
    () => rowsOf(outline, folds, kept, twins.originals),
    [outline, folds, kept, twins],
  );
  const settled = useDeferredValue(sought);
  const matches = useMemo(() => matchesOf(outline, settled), [outline, settled]);
  const cursor = selected === undefined ? undefined : (twins.originals.get(selected) ?? selected);
  const { reveal } = folding;
  const known = cursor === undefined ? undefined : book.address.event;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once, whenever another one is selected
  useEffect(() => {
    if (cursor !== undefined) reveal(cursor);
  }, [known]);
  const go = (place: number | undefined, aside = true) => {
    if (place !== undefined) book.select(outline.id(place), aside);
  };
  return {
    ...{ rows, kept, kinds, folding, sought, matches, cursor, go },
    nextMatch: () => go(following(matches, cursor ?? -1)),
    previousMatch: () => go(preceding(matches, cursor ?? 0)),
  };
}
