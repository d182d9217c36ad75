/** What can be done with the selected rows, and how an export goes on. */
import { ActionIcon, Button, Transition } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { formatCount } from "~/formats/numbers";
import { MOST_EXPORTED } from "~/lists/export";
import type { Row } from "~/lists/rows";
import classes from "~/lists/SelectionBar.module.css";
import { areAll, type Selection } from "~/lists/selection";
import type { ExportFormat, Exporting } from "~/lists/useExport";
import { text } from "~/text/en";

const words = text.lists.selection;
const { exporting: ways } = text.lists;

interface SelectionBarProps {
  readonly selection: Selection;
  /** Rows that are here. */
  readonly loaded: readonly Row[];
  /** Of the whole list; undefined: not known. */
  readonly total: number | undefined;
  readonly noun: (count: number) => string;
  readonly onEvery: () => void;
  readonly onClear: () => void;
  readonly exporting: Exporting;
}

export function SelectionBar(props: SelectionBarProps) {
  const { selection, loaded, total, noun, onEvery, onClear, exporting } = props;
  const { size } = selection.rows;
  const { every } = selection;
  const isMore = total === undefined || total > loaded.length;
  const { progress, start, cancel } = exporting;
  const begin = (format: ExportFormat) => () =>
    void start(format, every ? { total, most: MOST_EXPORTED } : { only: selection.rows });
  return (
    <Transition mounted={size > 0 || progress !== undefined} transition="slide-up" duration={120}>
      {(styles) => (
        <section className={classes["bar"]} style={styles} aria-label={words.label}>
          {progress ? (
            <>
              <span className="numbers" role="status">
                {progress.total === undefined
                  ? ways.running(formatCount(progress.done))
                  : ways.progress(formatCount(progress.done), formatCount(progress.total))}
              </span>
              <Button size="compact-xs" variant="default" onClick={cancel}>
                {ways.cancel}
              </Button>
            </>
          ) : (
            <>
              <span className="numbers" role="status">
                {every ? everyText(total, noun) : words.count(formatCount(size))}
              </span>
              {!every && isMore && areAll(selection, loaded) && (
                <Button size="compact-xs" variant="subtle" onClick={onEvery}>
                  {words.every(total === undefined ? "" : formatCount(total))}
                </Button>
              )}
              <Button size="compact-xs" variant="default" onClick={begin("csv")}>
                {words.csv}
              </Button>
              <Button size="compact-xs" variant="default" onClick={begin("jsonl")}>
                {words.jsonl}
              </Button>
              <ActionIcon
                variant="subtle"
                color="gray"
                size="sm"
                aria-label={words.clear}
                onClick={onClear}
              >
                <IconX size={14} />
              </ActionIcon>
            </>
          )}
        </section>
      )}
    </Transition>
  );
}

/** How many that are, and where their number is not known or too large, what is done instead. */
function everyText(total: number | undefined, noun: SelectionBarProps["noun"]): string {
  const most = formatCount(MOST_EXPORTED);
  if (total === undefined) return words.allOfUnknown(noun(2), most);
  const all = words.allOf(formatCount(total), noun(total));
  return total > MOST_EXPORTED ? `${all}; ${words.bound(most)}` : all;
}
