import { Combobox, ScrollArea } from "@mantine/core";
import { makeVisible } from "~/content/visible";
import classes from "~/filters/FilterBar.module.css";
import type { Choices } from "~/filters/useChoices";
import { text } from "~/text/en";

const words = text.lists.filter;

export function ChoiceList({
  choices: { title, choices, isLoading, note },
}: {
  readonly choices: Choices;
}) {
  return (
    <Combobox.Dropdown
      className={classes["dropdown"] ?? ""}
      hidden={choices.length === 0 && !isLoading && note === undefined}
    >
      <Combobox.Options aria-label={words.suggestions}>
        <ScrollArea.Autosize mah={300} type="scroll">
          <Combobox.Group
            label={makeVisible(title)}
            classNames={{ groupLabel: classes["group"] ?? "" }}
          >
            {choices.map(({ written, label, hint, isWhole }) => (
              <Combobox.Option key={written} value={written} className={classes["option"] ?? ""}>
                <span
                  className={`${classes["label"]} foreign cut`}
                  data-whole={isWhole || undefined}
                  title={makeVisible(label)}
                >
                  {makeVisible(label)}
                </span>
                {hint && <span className="quiet numbers">{hint}</span>}
              </Combobox.Option>
            ))}
          </Combobox.Group>
          {isLoading && (
            <Combobox.Empty role="option" aria-disabled aria-selected={false}>
              {words.loading}
            </Combobox.Empty>
          )}
        </ScrollArea.Autosize>
      </Combobox.Options>
      <Combobox.Footer className={classes["footer"] ?? ""}>
        {note === undefined ? words.keys : makeVisible(note)}
      </Combobox.Footer>
    </Combobox.Dropdown>
  );
}
