/** The sessions before and after one, in the list that it was opened from. */
import { useEffect, useMemo } from "react";
import type { Project } from "~/api/control";
import { KINDS } from "~/lists/kinds";
import { readList } from "~/lists/listLink";
import { questionOf } from "~/lists/question";
import { useRows } from "~/lists/useRows";

/** A list is read so far for a session that is further down: its link may be old. */
const SOUGHT_ROWS = 1_000;

export interface Neighbours {
  readonly previous: string | undefined;
  readonly next: string | undefined;
  /** Whether the session is on the list. */
  readonly isListed: boolean;
}

/** @param list as the session's address says it; without it that of all sessions, as at first. */
export function useNeighbours(
  project: Project,
  sessionId: string,
  list: string | undefined,
): Neighbours {
  const question = useMemo(() => questionOf(KINDS.sessions, readList(list)), [list]);
  const { rows, offset, hasMore, isStale, see } = useRows(project, question);
  const at = useMemo(
    () => (isStale ? -1 : rows.findIndex((row) => row.session_id === sessionId)),
    [rows, isStale, sessionId],
  );
  useEffect(() => {
    const last = offset + rows.length;
    if (at >= 0) see(Math.max(0, offset + at - 1), offset + at + 1);
    else if (hasMore && last < SOUGHT_ROWS) see(last, last);
  }, [see, at, offset, rows.length, hasMore]);
  return {
    previous: rows[at - 1]?.session_id,
    next: at < 0 ? undefined : rows[at + 1]?.session_id,
    isListed: at >= 0,
  };
}
