import { type MouseEvent, memo } from "react";
import { EventType } from "~/content/EventType";
import { Cell } from "~/lists/Cell";
import { type Column, isNumeric } from "~/lists/columns";
import { shownText, valueAt } from "~/lists/fields";
import classes from "~/lists/Grid.module.css";
import type { ListKind } from "~/lists/kinds";
import { hrefOf } from "~/lists/opening";
import type { Row } from "~/lists/rows";
import { Tick } from "~/lists/Tick";
import { text } from "~/text/en";

export interface RowProps {
  readonly id: string;
  readonly row: Row;
  /** Pixels from the first row. */
  readonly top: number;
  /** Place in the whole list, from 0. */
  readonly index: number;
  readonly kind: ListKind;
  readonly projectId: string;
  readonly isActive: boolean;
  readonly isSelected: boolean;
  readonly onOpen: (row: Row) => void;
  readonly onPick: (row: Row, isRange: boolean) => void;
}

interface GridRowProps extends RowProps {
  readonly columns: readonly Column[];
  readonly template: string;
}

export const GridRow = memo(function GridRow(props: GridRowProps) {
  const { id, row, top, index, kind, columns, template, isActive, isSelected, onPick } = props;
  const name = nameOf(row, kind);
  return (
    <div
      id={id}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      className={classes["row"]}
      data-active={isActive || undefined}
      data-selected={isSelected || undefined}
      data-failed={isFailed(row) || undefined}
      style={{ gridTemplateColumns: template, top }}
      {...opening(props)}
    >
      <div role="gridcell" className={classes["check"]}>
        <Tick
          label={text.lists.selection.one(name)}
          isOn={isSelected}
          onToggle={(isRange) => onPick(row, isRange)}
        />
      </div>
      {columns.map((column) => (
        <div
          key={column.field}
          role="gridcell"
          className={`${classes["cell"]} foreign`}
          data-numeric={isNumeric(column) || undefined}
        >
          {column.field === kind.primary ? (
            <NameLink {...props} name={name} />
          ) : (
            <Cell row={row} column={column} />
          )}
        </div>
      ))}
    </div>
  );
});

/** The link of a row: what a new tab, a bookmark and a screen reader take. */
export function NameLink({ row, kind, projectId, name }: RowProps & { readonly name: string }) {
  const beside = kind.secondary ? shownText(valueAt(row, kind.secondary)) : "";
  return (
    <>
      {kind.isMixed && row.event_type && <EventType type={row.event_type} />}
      <a
        href={hrefOf(projectId, row)}
        tabIndex={-1}
        className={`${classes["link"]} cut`}
        title={name}
        onClick={(event) => !isForNewTab(event) && event.preventDefault()}
      >
        {name}
      </a>
      {beside && <span className={`${classes["beside"]} mono`}>{beside}</span>}
    </>
  );
}

/** A click anywhere on a row opens it, but for one that ends a selection of text. */
export function opening({ row, onOpen }: RowProps) {
  return {
    onClick(event: MouseEvent) {
      if (isForNewTab(event) || window.getSelection()?.isCollapsed === false) return;
      onOpen(row);
    },
  };
}

export function nameOf(row: Row, kind: ListKind): string {
  return shownText(valueAt(row, kind.primary)) || row.event_name || text.lists.grid.unnamed;
}

export function isFailed(row: Row): boolean {
  const errors = valueAt(row, "metadata.num_errors");
  return Boolean(row.error) || (typeof errors === "number" && errors > 0);
}

function isForNewTab(event: MouseEvent): boolean {
  return event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0;
}
