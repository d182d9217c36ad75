/** Which columns a list has, and in which order. */
import { ActionIcon, Button, Popover, ScrollArea, TextInput, UnstyledButton } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconColumns3, IconEye, IconEyeOff } from "@tabler/icons-react";
import { useState } from "react";
import type { Project } from "~/api/control";
import { makeVisible } from "~/content/visible";
import { rankFields } from "~/filters/completion";
import { useKnownFields } from "~/filters/known";
import { type Column, columnOf, moved, writeColumns } from "~/lists/columns";
import type { ListKind } from "~/lists/kinds";
import classes from "~/lists/menus.module.css";
import type { Change } from "~/lists/useListAddress";
import { text } from "~/text/en";

const words = text.lists.columns;
const MOST_OFFERED = 80;

interface ColumnsMenuProps {
  readonly project: Project;
  readonly kind: ListKind;
  readonly columns: readonly Column[];
  readonly change: Change;
}

export function ColumnsMenu({ project, kind, columns, change }: ColumnsMenuProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <Popover
      opened={isOpen}
      onChange={setOpen}
      position="bottom-end"
      width={320}
      trapFocus
      withinPortal
    >
      <Popover.Target>
        <Button
          variant="subtle"
          color="gray"
          size="compact-sm"
          fw={500}
          leftSection={<IconColumns3 size={14} aria-hidden />}
          onClick={() => setOpen(!isOpen)}
          aria-label={words.choose}
          visibleFrom="sm"
        >
          {words.choose}
        </Button>
      </Popover.Target>
      <Popover.Dropdown className={classes["dropdown"] ?? ""} aria-label={words.choose}>
        {isOpen && <Chooser project={project} kind={kind} columns={columns} change={change} />}
      </Popover.Dropdown>
    </Popover>
  );
}

function Chooser({ project, kind, columns, change }: ColumnsMenuProps) {
  const [sought, setSought] = useState("");
  const { names } = useKnownFields(project);
  const isShown = new Set(columns.map(({ field }) => field));
  const offered = names.filter((name) => !isShown.has(name)).map(columnOf);
  const labels = new Map(offered.map((column) => [`${column.label} ${column.field}`, column]));
  const found = rankFields([...labels.keys()], sought, MOST_OFFERED);
  function show(next: readonly Column[]) {
    change({ columns: writeColumns(next, kind.columns) }, { replace: true });
  }
  return (
    <>
      <div className={classes["section"]}>
        <span>{words.shown}</span>
        <UnstyledButton
          className={classes["reset"] ?? ""}
          onClick={() => change({ columns: undefined }, { replace: true })}
        >
          {words.reset}
        </UnstyledButton>
      </div>
      <ScrollArea.Autosize mah={300} type="hover" scrollbars="y">
        <ul className={classes["list"]}>
          {columns.map((column, index) => (
            <li key={column.field} className={classes["item"]}>
              <span className={`${classes["open"]} foreign cut`} title={column.label}>
                {column.label}
              </span>
              <Act
                label={words.up(column.label)}
                icon={IconArrowUp}
                isOff={index === 0}
                onClick={() => show(moved(columns, index, index - 1))}
              />
              <Act
                label={words.down(column.label)}
                icon={IconArrowDown}
                isOff={index === columns.length - 1}
                onClick={() => show(moved(columns, index, index + 1))}
              />
              <Act
                label={words.remove(column.label)}
                icon={IconEyeOff}
                isOff={columns.length === 1}
                onClick={() => show(columns.filter((one) => one !== column))}
              />
            </li>
          ))}
        </ul>
      </ScrollArea.Autosize>
      <div className={classes["section"]}>{words.add}</div>
      <TextInput
        size="xs"
        mb={4}
        placeholder={words.find}
        aria-label={words.find}
        value={sought}
        onChange={(event) => setSought(event.currentTarget.value)}
        data-autofocus
      />
      <ScrollArea.Autosize mah={220} type="hover" scrollbars="y">
        <ul className={classes["list"]}>
          {found.length === 0 && <li className={classes["hint"]}>{words.none}</li>}
          {found.map((name) => {
            const column = labels.get(name);
            if (!column) return null;
            return (
              <li key={column.field} className={classes["item"]}>
                <UnstyledButton
                  className={`${classes["open"]} foreign cut`}
                  aria-label={words.show(name)}
                  onClick={() => show([...columns, column])}
                >
                  {column.label}{" "}
                  {column.label !== makeVisible(column.field) && (
                    <span className={classes["path"]}>{makeVisible(column.field)}</span>
                  )}
                </UnstyledButton>
                <IconEye size={14} color="var(--quiet)" aria-hidden />
              </li>
            );
          })}
        </ul>
      </ScrollArea.Autosize>
    </>
  );
}

interface ActProps {
  readonly label: string;
  readonly icon: typeof IconEye;
  readonly isOff: boolean;
  readonly onClick: () => void;
}

function Act({ label, icon: Icon, isOff, onClick }: ActProps) {
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size={24}
      aria-label={label}
      disabled={isOff}
      onClick={onClick}
    >
      <Icon size={14} />
    </ActionIcon>
  );
}
