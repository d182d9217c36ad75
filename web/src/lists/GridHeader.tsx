/** The names of the columns: sort by a click, width and order by dragging or by keys. */
import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { type DragEvent, type KeyboardEvent, type PointerEvent, useRef, useState } from "react";
import { makeVisible } from "~/content/visible";
import { type Column, columnOf, isNumeric, moved, resized, writeColumns } from "~/lists/columns";
import classes from "~/lists/Grid.module.css";
import type { ListKind } from "~/lists/kinds";
import { nextSort, type Sort, writeSort } from "~/lists/question";
import { Tick } from "~/lists/Tick";
import type { Change } from "~/lists/useListAddress";
import { text } from "~/text/en";

const words = text.lists.columns;
const KEY_STEP = 16;

interface GridHeaderProps {
  readonly kind: ListKind;
  readonly columns: readonly Column[];
  readonly template: string;
  readonly sort: Sort;
  readonly change: Change;
  /** A column as it is while its edge is dragged; nothing afterwards. */
  readonly onResizing: (column: Column | undefined) => void;
  readonly isAllSelected: boolean;
  readonly isSomeSelected: boolean;
  readonly onSelectAll: () => void;
}

export function GridHeader(props: GridHeaderProps) {
  const { kind, columns, template, sort, change, onResizing } = props;
  const { isAllSelected, isSomeSelected, onSelectAll } = props;
  const [dragged, setDragged] = useState<number>();
  function show(next: readonly Column[]) {
    change({ columns: writeColumns(next, kind.columns) }, { replace: true });
  }
  return (
    <div role="rowgroup" className={classes["head"]}>
      <div
        role="row"
        aria-rowindex={1}
        className={classes["row"]}
        style={{ gridTemplateColumns: template }}
      >
        <div role="columnheader" className={classes["check"]}>
          <Tick
            label={text.lists.selection.all}
            isOn={isAllSelected}
            isSome={isSomeSelected}
            isTabStop
            onToggle={onSelectAll}
          />
        </div>
        {columns.map((column, index) => (
          <HeaderCell
            key={column.field}
            column={column}
            sort={sort}
            onSort={(next) => change({ sort: writeSort(next) })}
            onResizing={onResizing}
            onResize={(next) => {
              onResizing(undefined);
              show(columns.map((one) => (one === column ? next : one)));
            }}
            drag={{
              draggable: true,
              onDragStart: () => setDragged(index),
              onDragEnd: () => setDragged(undefined),
              onDragOver: (event) => dragged !== undefined && event.preventDefault(),
              onDrop: () => dragged !== undefined && show(moved(columns, dragged, index)),
            }}
          />
        ))}
      </div>
    </div>
  );
}

interface Drag {
  readonly draggable: true;
  readonly onDragStart: () => void;
  readonly onDragEnd: () => void;
  readonly onDragOver: (event: DragEvent) => void;
  readonly onDrop: () => void;
}

interface HeaderCellProps {
  readonly column: Column;
  readonly sort: Sort;
  readonly onSort: (sort: Sort) => void;
  readonly onResizing: (column: Column) => void;
  readonly onResize: (column: Column) => void;
  readonly drag: Drag;
}

function HeaderCell({ column, sort, onSort, onResizing, onResize, drag }: HeaderCellProps) {
  const field = column.sort;
  const isSorted = field === sort.field;
  const Arrow = sort.order === "desc" ? IconArrowDown : IconArrowUp;
  const order = sort.order === "desc" ? "descending" : "ascending";
  return (
    <div
      role="columnheader"
      className={classes["headCell"]}
      data-numeric={isNumeric(column) || undefined}
      aria-sort={isSorted ? order : undefined}
      {...drag}
    >
      {field ? (
        <button
          type="button"
          className={`${classes["sort"]} cut`}
          title={words.sort(column.label)}
          onClick={() => onSort(nextSort(sort, field))}
        >
          <span className="cut">{column.label}</span>
          {isSorted && <Arrow size={12} aria-hidden />}
        </button>
      ) : (
        <span className="foreign cut" title={makeVisible(column.field)}>
          {column.label}
        </span>
      )}
      <ResizeHandle column={column} onResizing={onResizing} onResize={onResize} />
    </div>
  );
}

interface ResizeHandleProps {
  readonly column: Column;
  readonly onResizing: (column: Column) => void;
  readonly onResize: (column: Column) => void;
}

function ResizeHandle({ column, onResizing, onResize }: ResizeHandleProps) {
  const start = useRef<{ x: number; width: number }>(undefined);
  function onPointerDown(event: PointerEvent<HTMLDivElement>) {
    event.stopPropagation();
    event.currentTarget.setPointerCapture(event.pointerId);
    const width = event.currentTarget.parentElement?.offsetWidth ?? column.width;
    start.current = { x: event.clientX, width };
  }
  function onPointerMove(event: PointerEvent) {
    if (!start.current) return;
    onResizing(resized(column, start.current.width + event.clientX - start.current.x));
  }
  function onPointerUp() {
    if (start.current) onResize(column);
    start.current = undefined;
  }
  function onKeyDown(event: KeyboardEvent) {
    const by = { ArrowLeft: -KEY_STEP, ArrowRight: KEY_STEP }[event.key];
    if (!by) return;
    event.preventDefault();
    event.stopPropagation();
    onResize(resized(column, column.width + by));
  }
  return (
    <div
      role="separator"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label={words.resize(column.label)}
      aria-valuenow={column.width}
      className={classes["resize"]}
      draggable
      onDragStart={(event) => {
        event.preventDefault();
        event.stopPropagation();
      }}
      onPointerDown={onPointerDown}
      onPointerMove={onPointerMove}
      onPointerUp={onPointerUp}
      onDoubleClick={() => onResize(columnOf(column.field))}
      onKeyDown={onKeyDown}
    />
  );
}
