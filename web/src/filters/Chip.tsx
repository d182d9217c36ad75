import { Pill, UnstyledButton } from "@mantine/core";
import { makeVisible } from "~/content/visible";
import classes from "~/filters/FilterBar.module.css";
import { type Filter, needsValue } from "~/filters/filter";
import { formatOne } from "~/filters/language";
import { text } from "~/text/en";

const words = text.lists.filter;

interface ChipProps {
  readonly filter: Filter;
  readonly isEdited: boolean;
  readonly onEdit: () => void;
  readonly onRemove: () => void;
}

/** One condition that holds. */
export function Chip({ filter, isEdited, onEdit, onRemove }: ChipProps) {
  const written = makeVisible(formatOne(filter));
  const field = makeVisible(filter.field);
  const meaning = words.meanings[filter.operator];
  const value = needsValue(filter.operator) ? makeVisible(String(filter.value)) : "";
  return (
    <Pill
      size="sm"
      withRemoveButton
      onRemove={onRemove}
      removeButtonProps={{ "aria-label": words.remove(written), "aria-hidden": false, tabIndex: 0 }}
      className={classes["chip"] ?? ""}
      data-edited={isEdited || undefined}
    >
      <UnstyledButton
        className={classes["condition"] ?? ""}
        aria-label={words.edit([field, meaning, value].filter(Boolean).join(" "))}
        title={written}
        onClick={onEdit}
      >
        <span className={`${classes["name"]} foreign`}>{field}</span>{" "}
        <span className={classes["operator"]}>{meaning}</span>{" "}
        {value && <span className={`${classes["value"]} foreign`}>{value}</span>}
      </UnstyledButton>
    </Pill>
  );
}
