import { useEffect, useMemo, useSyncExternalStore } from "react";
import type { Project } from "~/api/control";
import { dataPlaneOf } from "~/api/data";
import { type FeedState, OutlineFeed, type ReadPage } from "~/session/outline/feed";

export interface LiveOutline extends FeedState {
  readonly retry: () => void;
}

/** The outline of a session, growing as long as the page is open. */
export function useOutline(project: Project, sessionId: string): LiveOutline {
  const feed = useMemo(() => new OutlineFeed(pagesOf(project, sessionId)), [project, sessionId]);
  const state = useSyncExternalStore(feed.subscribe, feed.state);
  useEffect(() => {
    feed.start();
    return feed.stop;
  }, [feed]);
  return { ...state, retry: feed.retry };
}

function pagesOf(project: Project, sessionId: string): ReadPage {
  return async (offset, limit, known, signal) => {
    const plane = await dataPlaneOf(project);
    const { data, response } = await plane.GET("/v1/sessions/{session_id}/outline", {
      params: {
        path: { session_id: sessionId },
        query: { offset, limit },
        ...(known ? { header: { "If-None-Match": `"${known}"` } } : {}),
      },
      signal,
    });
    if (response.status === 304) return undefined;
    if (!data) throw new Error("An outline without a body passed as a success");
    return data;
  };
}
