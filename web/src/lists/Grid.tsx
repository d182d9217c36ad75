/** The rows of a list: a window that draws only what is seen, with the keys of a grid. */
import { useNavigate } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Project } from "~/api/control";
import { formatCount } from "~/formats/numbers";
import type { ListAddress } from "~/lists/address";
import type { Column } from "~/lists/columns";
import classes from "~/lists/Grid.module.css";
import { GridHeader } from "~/lists/GridHeader";
import { GridRow } from "~/lists/GridRow";
import { templateOf, widthOf } from "~/lists/gridTemplate";
import type { ListKind } from "~/lists/kinds";
import { LookFurther, lookedText } from "~/lists/Looking";
import { destinationFrom } from "~/lists/opening";
import { PhoneRow } from "~/lists/PhoneRow";
import { readSort } from "~/lists/question";
import { type Row, rowKey } from "~/lists/rows";
import {
  allOrNone,
  amongLoaded,
  areAll,
  isSelected,
  NOTHING,
  picked,
  type Selection,
} from "~/lists/selection";
import { useActiveRow } from "~/lists/useActiveRow";
import { useGridKeys } from "~/lists/useGridKeys";
import type { Change } from "~/lists/useListAddress";
import { MOST_ROWS, type Rows } from "~/lists/useRows";
import { useScrollPlace } from "~/lists/useScrollPlace";
import type { Tail } from "~/lists/useTail";
import { text } from "~/text/en";

const words = text.lists.grid;
const ROW = 32;
const PHONE_ROW = 58;
const HEADER = 32;
/** Places for rows that are on their way. */
const AWAITED = 20;

interface GridProps {
  readonly kind: ListKind;
  readonly project: Project;
  readonly address: ListAddress;
  readonly change: Change;
  readonly columns: readonly Column[];
  readonly rows: Rows;
  readonly tail: Tail;
  readonly total: number | undefined;
  readonly isPhone: boolean;
  readonly selection: Selection;
  readonly onSelect: (selection: Selection) => void;
  readonly onTop: (isAtTop: boolean) => void;
}

export function Grid(props: GridProps) {
  const { kind, project, address, change, rows, tail, total, isPhone } = props;
  const [resizing, setResizing] = useState<Column>();
  const columns = useMemo(
    () => props.columns.map((one) => (one.field === resizing?.field ? resizing : one)),
    [props.columns, resizing],
  );
  const { selection, onSelect, onTop } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const grid = useRef<HTMLDivElement>(null);
  const navigate = useNavigate();
  const place = useScrollPlace(scroller, rows, onTop);
  const height = isPhone ? PHONE_ROW : ROW;
  const header = isPhone ? 0 : HEADER;
  const loaded = rows.offset + rows.rows.length;
  const isComing = rows.hasMore && !rows.isPaused && loaded < MOST_ROWS;
  const awaited = rows.isLoading || isComing ? AWAITED : 0;
  const virtualizer = useVirtualizer({
    count: loaded + awaited,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 10,
    scrollMargin: header,
    scrollPaddingStart: header,
    initialOffset: place.initial,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: rows of another height are measured anew
  useEffect(() => virtualizer.measure(), [height]);

  const items = virtualizer.getVirtualItems();
  const [firstSeen, lastSeen] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];
  const { see } = rows;
  useEffect(() => see(firstSeen, lastSeen), [see, firstSeen, lastSeen]);

  const open = useCallback(
    async (row: Row) => {
      await navigate({
        to: ".",
        search: (old: ListAddress) => ({ ...old, row: row.event_id }),
        replace: true,
        resetScroll: false,
      });
      await navigate({
        to: "/projects/$projectId/sessions/$sessionId",
        ...destinationFrom(project.id, row, kind, address),
      });
    },
    [navigate, project.id, kind, address],
  );
  const active = useActiveRow(rows, address.row, (index) => virtualizer.scrollToIndex(index));

  const pick = useCallback(
    (row: Row, isRange: boolean) =>
      onSelect(picked(amongLoaded(selection, rows.rows), row, isRange ? rows.rows : [row])),
    [onSelect, selection, rows.rows],
  );
  const leave = () => (selection.rows.size > 0 ? onSelect(NOTHING) : active.leave());
  const isActiveSeen = active.index >= firstSeen && active.index <= lastSeen;
  const onKeyDown = useGridKeys({ grid, active, last: loaded - 1, open, pick, leave });

  const template = templateOf(columns, kind.primary);
  return (
    <div className={classes["frame"]} data-stale={rows.isStale || undefined}>
      {tail.fresh > 0 && (
        <button
          type="button"
          className={`${classes["fresh"]} numbers`}
          title={text.lists.live.showFresh}
          onClick={() => {
            tail.show();
            virtualizer.scrollToOffset(0);
          }}
        >
          ↑ {text.lists.live.fresh(formatCount(tail.fresh))}
        </button>
      )}
      <div ref={scroller} className={classes["scroller"]}>
        <div
          ref={grid}
          className={classes["grid"]}
          style={isPhone ? undefined : { minWidth: widthOf(columns) }}
          role="grid"
          tabIndex={0}
          aria-label={kind.title}
          aria-rowcount={total === undefined ? -1 : total + (isPhone ? 0 : 1)}
          aria-colcount={columns.length + 1}
          aria-multiselectable="true"
          aria-busy={rows.isLoading}
          aria-activedescendant={isActiveSeen ? idOf(active.index) : undefined}
          onKeyDown={onKeyDown}
        >
          {!isPhone && (
            <GridHeader
              kind={kind}
              columns={columns}
              template={template}
              sort={readSort(address.sort)}
              change={change}
              onResizing={setResizing}
              isAllSelected={areAll(selection, rows.rows)}
              isSomeSelected={selection.rows.size > 0}
              onSelectAll={() => onSelect(allOrNone(selection, rows.rows))}
            />
          )}
          <div role="rowgroup" style={{ height: virtualizer.getTotalSize(), position: "relative" }}>
            {items.map(({ index, start }) => {
              const row = rows.rows[index - rows.offset];
              const top = start - header;
              if (!row) return <Awaited key={`awaited ${index}`} top={top} height={height} />;
              const key = rowKey(row);
              const common = {
                id: idOf(index),
                row,
                top,
                kind,
                index,
                projectId: project.id,
                isActive: index === active.index,
                isSelected: isSelected(selection, row),
                onOpen: open,
                onPick: pick,
              };
              return isPhone ? (
                <PhoneRow key={key} {...common} />
              ) : (
                <GridRow key={key} {...common} columns={columns} template={template} />
              );
            })}
          </div>
        </div>
        <ListEnd rows={rows} loaded={loaded} />
      </div>
    </div>
  );
}

function ListEnd({ rows, loaded }: { readonly rows: Rows; readonly loaded: number }) {
  if (rows.error) {
    return (
      <p className={classes["end"]} role="alert">
        {rows.error.message}{" "}
        <button type="button" className={classes["again"]} onClick={rows.retry}>
          {text.failures.again}
        </button>
      </p>
    );
  }
  if (rows.isPaused) {
    return (
      <div className={classes["end"]} role="status">
        {lookedText(rows.lookedUntil)} <LookFurther rows={rows} />
      </div>
    );
  }
  if (rows.hasMore && loaded >= MOST_ROWS) return <p className={classes["end"]}>{words.most}</p>;
  return rows.hasMore || rows.isLoading ? null : <p className={classes["end"]}>{words.end}</p>;
}

function Awaited({ top, height }: { readonly top: number; readonly height: number }) {
  return (
    <div className={classes["awaited"]} style={{ top, height }} aria-hidden="true">
      <span />
      <span />
      <span />
    </div>
  );
}

function idOf(index: number): string {
  return `row-${index}`;
}
