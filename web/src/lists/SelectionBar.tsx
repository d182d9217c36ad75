/** What can be done with the selected rows, and how an export goes on. */
import { ActionIcon, Button, Transition } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { formatCount } from "~/formats/numbers";
import classes from "~/lists/SelectionBar.module.css";
import type { Selection } from "~/lists/selection";
import type { ExportFormat, Exporting } from "~/lists/useExport";
import { text } from "~/text/en";

const words = text.lists.selection;
const { exporting: ways } = text.lists;

interface SelectionBarProps {
  readonly selection: Selection;
  readonly onClear: () => void;
  readonly exporting: Exporting;
}

export function SelectionBar({ selection, onClear, exporting }: SelectionBarProps) {
  const { size } = selection.rows;
  const { progress, start, cancel } = exporting;
  const begin = (format: ExportFormat) => () => void start(format, { only: selection.rows });
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
                {words.count(formatCount(size))}
              </span>
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
