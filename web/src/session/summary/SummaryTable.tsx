/** Groups of events in a table; a row opens the event that says most about its group. */
import { Table } from "@mantine/core";
import type { ReactNode } from "react";
import { formatCount } from "~/formats/numbers";
import classes from "~/session/summary/summary.module.css";
import { text } from "~/text/en";

/** Narrower, names would break; the table scrolls, and on a phone rows stand as lines of text. */
const COLUMN_PX = 100;

export interface Column<T> {
  readonly title: string;
  readonly cell: (row: T) => string;
  readonly icon?: (row: T) => ReactNode;
  readonly isNumber?: boolean;
  readonly isBad?: boolean;
}

interface SummaryTableProps<T> {
  readonly title: string;
  /** What stands there where there are no rows. */
  readonly none: string;
  readonly rows: readonly T[];
  readonly columns: readonly Column<T>[];
  /** Rows that are shown. */
  readonly most: number;
  /** Place of the event that a row opens. */
  readonly place: (row: T) => number;
  readonly selected: number | undefined;
  readonly onOpen: (place: number) => void;
}

export function SummaryTable<T>(props: SummaryTableProps<T>) {
  const { title, none, rows, columns, most, place, selected, onOpen } = props;
  return (
    <section className={classes["section"]} aria-label={title}>
      <h2>{title}</h2>
      {rows.length === 0 ? (
        <p className="quiet">{none}</p>
      ) : (
        <Table.ScrollContainer
          minWidth={columns.length * COLUMN_PX}
          type="native"
          className={classes["scroller"] ?? ""}
        >
          <Table verticalSpacing={5} horizontalSpacing={8} className={classes["table"] ?? ""}>
            <Table.Thead>
              <Table.Tr>
                {columns.map((column) => (
                  <Table.Th key={column.title} data-number={column.isNumber || undefined}>
                    {column.title}
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.slice(0, most).map((row) => (
                <Row
                  key={place(row)}
                  row={row}
                  columns={columns}
                  isSelected={place(row) === selected}
                  onOpen={() => onOpen(place(row))}
                />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {rows.length > most && (
        <p className="quiet">{text.session.summary.more(formatCount(rows.length - most))}</p>
      )}
    </section>
  );
}

interface RowProps<T> {
  readonly row: T;
  readonly columns: readonly Column<T>[];
  readonly isSelected: boolean;
  readonly onOpen: () => void;
}

/** The first cell holds the button: a row itself is no target for keys. */
function Row<T>({ row, columns, isSelected, onOpen }: RowProps<T>) {
  return (
    <Table.Tr data-selected={isSelected || undefined} onClick={onOpen}>
      {columns.map((column, at) => (
        <Table.Td
          key={column.title}
          data-number={column.isNumber || undefined}
          data-title={column.title}
        >
          {at === 0 ? (
            <button type="button" data-bad={column.isBad || undefined} aria-pressed={isSelected}>
              {column.icon?.(row)}
              <span className="clamped foreign" title={column.cell(row)}>
                {column.cell(row)}
              </span>
            </button>
          ) : (
            <span
              className={column.isNumber ? "foreign" : "clamped foreign"}
              title={column.isNumber ? undefined : column.cell(row)}
            >
              {column.cell(row)}
            </span>
          )}
        </Table.Td>
      ))}
    </Table.Tr>
  );
}
