/** The view that is chosen. All but the tree are fetched when they are first shown. */
import { lazy, Suspense, useMemo } from "react";
import type { Project } from "~/api/control";
import { Loading } from "~/app/states";
import type { Facts } from "~/session/outline/facts";
import { TreeView } from "~/session/tree/TreeView";
import type { AddressBook } from "~/session/useSessionAddress";

const GraphView = lazy(async () => ({
  default: (await import("~/session/graph/GraphView")).GraphView,
}));
const SummaryView = lazy(async () => ({
  default: (await import("~/session/summary/SummaryView")).SummaryView,
}));
const ThreadView = lazy(async () => ({
  default: (await import("~/session/ThreadView")).ThreadView,
}));

interface SessionViewsProps {
  readonly project: Project;
  readonly facts: Facts;
  readonly book: AddressBook;
  readonly selected: number | undefined;
  readonly onEnter: () => void;
}

export function SessionViews({ project, facts, book, selected, onEnter }: SessionViewsProps) {
  const select = useMemo(
    () => (place: number) => book.select(facts.outline.id(place)),
    [book.select, facts],
  );
  if (book.view === "tree") {
    return <TreeView facts={facts} book={book} selected={selected} onEnter={onEnter} />;
  }
  return (
    <Suspense fallback={<Loading />}>
      {book.view === "graph" && <GraphView facts={facts} selected={selected} onSelect={select} />}
      {book.view === "summary" && <SummaryView facts={facts} book={book} selected={selected} />}
      {book.view === "thread" && <ThreadView project={project} facts={facts} book={book} />}
    </Suspense>
  );
}
