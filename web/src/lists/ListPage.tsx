/** One list: its filter, its time range, and its rows as they come. */
import { useHotkeys, useMediaQuery } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useCallback, useMemo, useRef, useState } from "react";
import { type ShortcutGroup, useShortcutGroup } from "~/app/shortcuts";
import { Failure } from "~/app/states";
import { usePageTitle } from "~/app/usePageTitle";
import { makeVisible } from "~/content/visible";
import { FilterBar } from "~/filters/FilterBar";
import { readColumns, writtenName } from "~/lists/columns";
import { countOf } from "~/lists/counted";
import { Emptiness } from "~/lists/Emptiness";
import { Grid } from "~/lists/Grid";
import { Histogram } from "~/lists/Histogram";
import type { ListKind } from "~/lists/kinds";
import classes from "~/lists/ListPage.module.css";
import { Looking } from "~/lists/Looking";
import { matching as matchingOf, questionOf } from "~/lists/question";
import { RangePicker } from "~/lists/RangePicker";
import { toFixed } from "~/lists/ranges";
import { histogram } from "~/lists/requests";
import type { Page } from "~/lists/rows";
import { SelectionBar } from "~/lists/SelectionBar";
import { everyMatching, meantFor, NOTHING, type Selection } from "~/lists/selection";
import { Toolbar } from "~/lists/Toolbar";
import { useExport } from "~/lists/useExport";
import { useListAddress } from "~/lists/useListAddress";
import { usePainted } from "~/lists/usePainted";
import { useRows } from "~/lists/useRows";
import { useTail } from "~/lists/useTail";
import { useProject } from "~/routes/useProject";
import { text } from "~/text/en";

const BUCKETS = 90;
/** How often the histogram is asked for while the list is live. */
const HISTOGRAM_MS = 10_000;

const { keys } = text.lists;
const SHORTCUTS: ShortcutGroup = {
  title: keys.title,
  shortcuts: [
    { keys: ["x"], label: keys.select },
    { keys: ["Shift", "x"], label: keys.range },
    { keys: ["Esc"], label: keys.leave },
  ],
};

export function ListPage({ kind }: { readonly kind: ListKind }) {
  const project = useProject();
  usePageTitle(kind.title, project.name);
  const [address, change] = useListAddress();
  const { q, range, from, to, sort, columns: written, live } = address;
  const isPhone = useMediaQuery("(max-width: 48em)") ?? false;
  const columns = useMemo(() => readColumns(written, kind.columns), [written, kind]);
  // Another width of a column is no other question.
  const fields = columns.map(({ field }) => writtenName(field)).join(",");
  const question = useMemo(
    () => questionOf(kind, { q, range, from, to, sort, columns: fields }),
    [kind, q, range, from, to, sort, fields],
  );
  const matching = useMemo(() => matchingOf(question), [question]);
  const [isAtTop, setAtTop] = useState(true);
  const [chosen, setSelection] = useState<Selection>(NOTHING);
  const selection = meantFor(chosen, matching);
  const filterInput = useRef<HTMLInputElement>(null);

  const isLive = live !== false;
  const rows = useRows(project, question, isLive);
  const tail = useTail(project, question, rows, { isOn: isLive, isAtTop });
  // Rows first: whatever is asked for or drawn beside them would make them come later.
  const isPainted = usePainted(rows.isLoading || rows.isStale ? undefined : rows.key);
  const counts = useQuery({
    queryKey: ["histogram", project.id, matching],
    queryFn: ({ signal }) => histogram(project, { ...matching, buckets: BUCKETS }, signal),
    placeholderData: (previous) => previous,
    enabled: isPainted,
    staleTime: HISTOGRAM_MS / 2,
    refetchInterval: isLive ? HISTOGRAM_MS : false,
  });
  const count = countOf(counts.data);
  const exporting = useExport(project, kind, question, columns);
  const clearSelection = useCallback(() => setSelection(NOTHING), []);

  useShortcutGroup(SHORTCUTS);
  useHotkeys([["/", () => filterInput.current?.focus()]]);

  const isEmpty = !rows.isLoading && !rows.error && rows.rows.length === 0 && rows.offset === 0;
  const isWhole = !rows.hasMore && rows.first?.scannedUntil === undefined;
  return (
    <section className={classes["page"]} aria-label={kind.title}>
      <Toolbar
        kind={kind}
        project={project}
        address={address}
        change={change}
        columns={columns}
        count={count}
        tail={tail}
        isLive={isLive}
        onExport={(format) => void exporting.start(format, { total: count })}
      />
      <div className={classes["filters"]}>
        <FilterBar
          project={project}
          written={q ?? ""}
          onApply={(next) => change({ q: next || undefined })}
          matching={matching}
          warnings={rows.first?.warnings ?? []}
          inputRef={filterInput}
          isQuiet={isPainted}
        />
        <RangePicker address={address} change={change} />
      </div>
      <Histogram
        histogram={counts.data}
        isPending={counts.isPending}
        error={rows.error && rows.rows.length === 0 ? null : counts.error}
        noun={kind.noun}
        onChoose={(start, end) => change(toFixed(start, end))}
      />
      <Incomplete page={rows.first} isLive={isLive} />
      {rows.error && rows.rows.length === 0 ? (
        <Failure error={rows.error} onRetry={rows.retry} />
      ) : isEmpty && !isWhole ? (
        <Looking rows={rows} noun={kind.noun(2)} />
      ) : isEmpty ? (
        <Emptiness project={project} kind={kind} address={address} change={change} />
      ) : (
        <Grid
          kind={kind}
          project={project}
          address={address}
          change={change}
          columns={columns}
          rows={rows}
          tail={tail}
          total={count}
          isPhone={isPhone}
          selection={selection}
          onSelect={setSelection}
          onTop={setAtTop}
        />
      )}
      <SelectionBar
        selection={selection}
        loaded={rows.rows}
        total={isWhole ? rows.offset + rows.rows.length : count}
        noun={kind.noun}
        onEvery={() => setSelection(everyMatching(matching, rows.rows))}
        onClear={clearSelection}
        exporting={exporting}
      />
    </section>
  );
}

interface IncompleteProps {
  readonly page: Page | undefined;
  readonly isLive: boolean;
}

/** Why the answer may lack something: in the plane's words, or that it catches up. */
function Incomplete({ page, isLive }: IncompleteProps) {
  // What was asked for at once the live tail completes at once: nothing to tell anybody.
  const isBehind = page?.isBehind && !(page.isHurried && isLive);
  const message = page?.message ?? (isBehind ? text.lists.grid.behind : undefined);
  return message ? (
    <p role="status" className={`${classes["note"]} foreign`}>
      {makeVisible(message)}
    </p>
  ) : null;
}
