import { queryOptions } from "@tanstack/react-query";
import type { Project } from "~/api/control";
import { dataPlaneOf, type WideEvent } from "~/api/data";
import type { components } from "~/api/data.schema";
import { readJson } from "~/api/exactJson";
import { ApiError } from "~/api/failure";
import { text } from "~/text/en";

type Always = "event_id" | "event_type" | "event_name" | "session_id";

/** An event that was asked for whole: only projections leave fields out. */
export type WholeEvent = WideEvent & Required<Pick<WideEvent, Always>>;

/** One event with its content. */
export function eventQuery(project: Project, eventId: string) {
  return queryOptions({
    queryKey: ["event", project.id, eventId],
    queryFn: async ({ signal }): Promise<WholeEvent> => {
      const plane = await dataPlaneOf(project);
      const { data } = await plane.GET("/v1/events/{event_id}", {
        params: { path: { event_id: eventId } },
        parseAs: "text",
        signal,
      });
      if (!data) throw new ApiError(404, text.failures.noEvent(eventId));
      return (readJson(data) as { event: WholeEvent }).event;
    },
    staleTime: 30_000,
    // Content may be of megabytes: what is not looked at is let go.
    gcTime: 60_000,
  });
}

/** Why it costs what it costs. */
export function costQuery(project: Project, eventId: string) {
  return queryOptions({
    queryKey: ["cost", project.id, eventId],
    queryFn: async ({ signal }) => {
      const plane = await dataPlaneOf(project);
      const { data } = await plane.GET("/v1/events/{event_id}/cost", {
        params: { path: { event_id: eventId } },
        signal,
      });
      if (!data) throw new ApiError(404, text.failures.noEvent(eventId));
      return data;
    },
    staleTime: 30_000,
  });
}

type Writes = components["schemas"]["EventWrites"];

/** What applications sent about an event, as they sent it. */
export function writesQuery(project: Project, eventId: string) {
  return queryOptions({
    queryKey: ["writes", project.id, eventId],
    queryFn: async ({ signal }) => {
      const plane = await dataPlaneOf(project);
      const { data } = await plane.GET("/v1/events/{event_id}/raw", {
        params: { path: { event_id: eventId } },
        parseAs: "text",
        signal,
      });
      if (!data) throw new ApiError(404, text.failures.noEvent(eventId));
      return readJson(data) as Writes;
    },
    staleTime: 30_000,
    gcTime: 60_000,
  });
}

export interface Change {
  readonly feedback?: Record<string, unknown>;
  readonly metadata?: Record<string, unknown>;
}

/** Add to a stored event. What is not named stays as it is. */
export async function change(project: Project, eventId: string, what: Change): Promise<void> {
  const plane = await dataPlaneOf(project);
  await plane.PUT("/v1/events/{event_id}", {
    params: { path: { event_id: eventId } },
    body: { ...what },
  });
}
