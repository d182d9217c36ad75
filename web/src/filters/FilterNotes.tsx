/** What is wrong with a filter, under its bar, and what was probably meant. */
import { UnstyledButton } from "@mantine/core";
import { makeVisible } from "~/content/visible";
import classes from "~/filters/FilterBar.module.css";
import type { Filter } from "~/filters/filter";
import { type Typo, typosIn } from "~/filters/known";
import { format, type Problem } from "~/filters/language";
import { text } from "~/text/en";

const words = text.lists.filter;

interface FilterNotesProps {
  readonly draft: {
    readonly typed: string;
    readonly problems: readonly Problem[];
    readonly filters: readonly Filter[];
  };
  /** All names, once they are known. */
  readonly names: readonly string[] | undefined;
  /** The plane's own sentences. */
  readonly warnings: readonly string[];
  readonly onApply: (written: string) => void;
}

export function FilterNotes({ draft, names, warnings, onApply }: FilterNotesProps) {
  const { filters, problems, typed } = draft;
  const typos = names ? typosIn(filters, names) : [];
  const others = warnings.filter((one) => !typos.some(({ filter }) => one.includes(filter.field)));
  function mend({ filter, meant }: Typo) {
    if (!meant) return;
    onApply(format(filters.map((one) => (one === filter ? { ...one, field: meant } : one))));
  }
  if (problems.length + typos.length + others.length === 0) return null;
  return (
    <ul className={classes["notes"]} aria-live="polite">
      {problems.map((problem) => (
        <li key={`${problem.from} ${problem.message}`}>
          <span className="foreign">{makeVisible(problem.message)}</span>
          <code className={`${classes["culprit"]} mono foreign`}>
            {makeVisible(typed.slice(0, problem.from))}
            <mark>{makeVisible(typed.slice(problem.from, problem.to)) || " "}</mark>
            {makeVisible(typed.slice(problem.to))}
          </code>
        </li>
      ))}
      {typos.map((typo) => (
        <li key={typo.filter.field}>
          <span className="foreign">{makeVisible(words.unknown(typo.filter.field))}</span>
          {typo.meant && (
            <>
              {` ${words.mean} `}
              <UnstyledButton
                className={`${classes["mend"]} mono foreign`}
                onClick={() => mend(typo)}
              >
                {makeVisible(typo.meant)}
              </UnstyledButton>
              ?
            </>
          )}
        </li>
      ))}
      {others.map((warning) => (
        <li key={warning} className="foreign">
          {makeVisible(warning)}
        </li>
      ))}
    </ul>
  );
}
