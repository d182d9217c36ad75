/** Which fields there are to filter by: those of every event, and those that were seen. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Project } from "~/api/control";
import type { Filter } from "~/filters/filter";
import { nearest } from "~/filters/suggestion";
import { fields } from "~/lists/requests";

const OF_EVERY_EVENT = [
  "event_name",
  "event_type",
  "error",
  "duration",
  "start_time",
  "end_time",
  "session_id",
  "event_id",
  "parent_id",
  "source",
  "inputs",
  "outputs",
];
const OF_SESSIONS = [
  "metadata.num_events",
  "metadata.num_model_events",
  "metadata.num_errors",
  "metadata.prompt_tokens",
  "metadata.completion_tokens",
  "metadata.total_tokens",
  "metadata.cost",
  "metadata.has_feedback",
];
/** Only in these are all names known: what stands in content is not listed. */
const LISTED = /^(config|metadata|metrics|feedback|user_properties)\./;

const FRESH_MS = 60_000;

export interface KnownFields {
  readonly names: readonly string[];
  readonly isWhole: boolean;
  /** Why there are only the names of every event. */
  readonly error: Error | null;
}

/**
 * All names, those of every event first. They are there at once, more come when the plane answers,
 * which is asked as soon as `isWanted`.
 */
export function useKnownFields(project: Project, isWanted = true): KnownFields {
  const { data, error } = useQuery({
    queryKey: ["fields", project.id],
    queryFn: ({ signal }) => fields(project, signal),
    staleTime: FRESH_MS,
    enabled: isWanted,
  });
  return useMemo(() => {
    const seen = data?.map(({ name }) => name).sort() ?? [];
    const names = [...new Set([...OF_EVERY_EVENT, ...OF_SESSIONS, ...seen])];
    return { names, isWhole: data !== undefined, error };
  }, [data, error]);
}

export interface Typo {
  readonly filter: Filter;
  /** The name that was probably meant. */
  readonly meant?: string;
}

/** Filters on fields that no event has. */
export function typosIn(filters: readonly Filter[], names: readonly string[]): Typo[] {
  const known = new Set(names);
  return filters
    .filter(({ field }) => !known.has(field) && (LISTED.test(field) || !field.includes(".")))
    .filter(({ field }) => !names.some((name) => name.startsWith(`${field}.`)))
    .map((filter) => {
      const meant = nearest(filter.field, names);
      return meant ? { filter, meant } : { filter };
    });
}
