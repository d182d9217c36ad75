/** The live tail: what is new or changed, asked for while somebody looks. */
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import type { Project } from "~/api/control";
import { isNewestFirst, type Question } from "~/lists/question";
import { searchChanges } from "~/lists/requests";
import {
  belongs,
  insertNewest,
  isOvergrown,
  type Pages,
  type Row,
  replaceKnown,
  rowKey,
  startOf,
} from "~/lists/rows";
import { areComing, type Rows, setPages } from "~/lists/useRows";

/** With what a plane needs to index an event, this shows it within two seconds. */
const EVERY_MS = 1_000;
const SLOWEST_MS = 30_000;
const CHANGES = 500;

export interface Tail {
  /** How many rows wait to be shown. */
  readonly fresh: number;
  readonly isFailing: boolean;
  /** Show them, at the top. */
  readonly show: () => void;
}

/**
 * @param isAtTop whether somebody looks at the first rows: only then new ones are put above them,
 *   else they wait, so that nothing moves under the eyes of whoever reads.
 */
export function useTail(
  project: Project,
  question: Question,
  rows: Rows,
  { isOn, isAtTop }: { isOn: boolean; isAtTop: boolean },
): Tail {
  const queries = useQueryClient();
  const waiting = useRef(new Map<string, Row>());
  /** What changed while pages were on their way: merged once they are there. */
  const held = useRef(new Map<string, Row>());
  const [fresh, setFresh] = useState(0);
  const [isFailing, setFailing] = useState(false);
  const now = useRef({ rows, isAtTop });
  now.current = { rows, isAtTop };
  const { key } = rows;
  const isReady = isOn && rows.first !== undefined && !rows.isStale;

  const take = useCallback(
    (changed: readonly Row[]) => {
      const { rows: shown, isAtTop: mayInsert } = now.current;
      const pages = queries.getQueryData<Pages>(key);
      if (!pages) return;
      for (const row of changed) held.current.set(rowKey(row), row);
      if (areComing(queries, key)) return;
      const { pages: replaced, unknown } = replaceKnown(pages, [...held.current.values()]);
      held.current.clear();
      const added = unknown.filter((row) => isNews(row, pages, question));
      for (const row of added) waiting.current.set(rowKey(row), row);
      const canInsert = mayInsert && isNewestFirst(question.sort) && shown.offset === 0;
      const merged = canInsert ? insertNewest(replaced, [...waiting.current.values()]) : replaced;
      if (canInsert) waiting.current.clear();
      setFresh(waiting.current.size);
      if (canInsert && isOvergrown(merged)) shown.restart().catch(() => setFailing(true));
      else if (merged !== pages) setPages(queries, key, merged);
    },
    [queries, key, question],
  );

  const show = useCallback(() => {
    const { rows: shown } = now.current;
    if (shown.offset > 0 || !isNewestFirst(question.sort)) {
      waiting.current.clear();
      setFresh(0);
      shown.restart().catch(() => setFailing(true));
    } else {
      now.current = { ...now.current, isAtTop: true };
      take([]);
    }
  }, [question, take]);

  // What waited is shown as soon as somebody is back at the top.
  useEffect(() => {
    if (isAtTop && waiting.current.size > 0 && isNewestFirst(question.sort)) take([]);
  }, [isAtTop, question, take]);

  useEffect(() => {
    if (!rows.isFetching && held.current.size > 0) take([]);
  }, [rows.isFetching, take]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another list has other news
  useEffect(() => {
    waiting.current.clear();
    held.current.clear();
    setFresh(0);
  }, [key]);

  useEffect(() => {
    if (!isReady) return;
    const stopping = new AbortController();
    const tokenKey = ["since", ...key];
    let timer: ReturnType<typeof setTimeout> | undefined;
    let delay = EVERY_MS;
    async function poll() {
      clearTimeout(timer);
      if (document.visibilityState === "hidden") return;
      try {
        await once();
        delay = EVERY_MS;
        setFailing(false);
      } catch {
        if (stopping.signal.aborted) return;
        delay = Math.min(SLOWEST_MS, delay * 2);
        setFailing(true);
      }
      if (!stopping.signal.aborted) timer = setTimeout(poll, delay);
    }
    function known(): string | undefined {
      const first = queries.getQueryData<Pages>(key)?.pages[0];
      return queries.getQueryData<string>(tokenKey) ?? first?.since;
    }
    async function once() {
      const since = known();
      if (!since) return restartKeeping();
      const search = { ...question, limit: CHANGES, since };
      const changes = await searchChanges(project, search, stopping.signal);
      if (stopping.signal.aborted) return;
      if (!changes.since) return restartKeeping();
      queries.setQueryData(tokenKey, changes.since);
      if (changes.rows.length + held.current.size > 0) take(changes.rows);
    }
    /** The plane cannot say what changed: look at the top anew, unless somebody reads further down. */
    async function restartKeeping() {
      queries.removeQueries({ queryKey: tokenKey });
      if (now.current.isAtTop) await now.current.rows.restart();
    }
    const onVisible = () => void (document.visibilityState === "visible" && poll());
    document.addEventListener("visibilitychange", onVisible);
    // Rows that were asked for in a hurry may lack the newest: those are fetched at once.
    timer = setTimeout(poll, known() ? EVERY_MS : 0);
    return () => {
      stopping.abort();
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", onVisible);
    };
  }, [isReady, key, project, question, queries, take]);

  return { fresh, isFailing, show };
}

/** Whether a row that is in no page is new to whoever looks, and not merely further down or up. */
function isNews(row: Row, pages: Pages, { sort }: Question): boolean {
  if (!isNewestFirst(sort)) return true;
  const [start] = pages.pageParams;
  const [newest] = pages.pages[0]?.rows ?? [];
  if (start?.offset === 0) return belongs(pages, row);
  return newest !== undefined && startOf(row) > startOf(newest);
}
