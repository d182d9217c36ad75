/** What is being typed into the filter bar, beside the conditions that hold already. */
import { useEffect, useState } from "react";
import { chosen, type Place } from "~/filters/completion";
import { type Filter, sameFilter } from "~/filters/filter";
import { format, formatOne, type Problem, parse } from "~/filters/language";

export interface Draft {
  readonly filters: readonly Filter[];
  readonly isText: boolean;
  readonly typed: string;
  /** Index of the condition that is edited. */
  readonly editing: number | undefined;
  readonly problems: readonly Problem[];
  readonly type: (typed: string) => void;
  /** Apply what was typed; false where it cannot be read. */
  readonly commit: (typed?: string) => boolean;
  /** Put a choice in its place; returns where the caret stands then, or nothing once it is applied. */
  readonly take: (place: Place, choice: string) => number | undefined;
  readonly edit: (index: number) => void;
  readonly remove: (index: number) => void;
  readonly cancel: () => void;
  readonly toggleText: () => void;
}

/** @param written the filters that count now, in their text form; `apply` changes them. */
export function useDraft(written: string, apply: (text: string) => void): Draft {
  const { filters, problems: standing } = parse(written);
  const [isText, setText] = useState(standing.length > 0);
  const [typed, setTyped] = useState(isText ? written : "");
  const [editing, setEditing] = useState<number>();
  const [problems, setProblems] = useState<readonly Problem[]>(standing);

  useEffect(() => {
    const found = parse(written).problems;
    const mustBeText = found.length > 0;
    if (mustBeText) setText(true);
    setTyped(isText || mustBeText ? written : "");
    setEditing(undefined);
    setProblems(found);
  }, [written, isText]);

  function type(next: string) {
    setTyped(next);
    setProblems([]);
  }

  function commit(text = typed): boolean {
    const found = parse(text);
    setProblems(found.problems);
    if (found.problems.length > 0) {
      setTyped(text);
      return false;
    }
    const next = isText ? found.filters : joined(filters, found.filters, editing);
    if (!isText) setTyped("");
    setEditing(undefined);
    apply(format(next));
    return true;
  }

  function take(place: Place, choice: string): number | undefined {
    const made = chosen(typed, place, choice);
    const isComplete = place.stage === "value" || choice.endsWith("exists");
    if (isComplete && !isText && commit(made.text.trim())) return undefined;
    type(made.text);
    return made.caret;
  }

  function edit(index: number) {
    const filter = filters[index];
    if (!filter) return;
    setEditing(index);
    type(formatOne(filter));
  }

  function cancel() {
    setEditing(undefined);
    type(isText ? written : "");
  }

  return {
    filters,
    isText,
    typed,
    editing,
    problems,
    type,
    commit,
    take,
    edit,
    remove: (index) => apply(format(filters.filter((_, at) => at !== index))),
    cancel,
    toggleText: () => setText(!isText),
  };
}

function joined(
  filters: readonly Filter[],
  added: readonly Filter[],
  editing: number | undefined,
): Filter[] {
  if (editing !== undefined) return filters.flatMap((one, at) => (at === editing ? added : one));
  return [...filters, ...added.filter((one) => !filters.some((two) => sameFilter(one, two)))];
}
