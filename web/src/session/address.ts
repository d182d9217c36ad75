/** What the address of a session says: which view, what is selected in it, and what is looked for. */
import { KINDS, type Kind } from "~/session/tree/matches";

export const VIEWS = ["tree", "graph", "thread", "summary"] as const;
export type View = (typeof VIEWS)[number];

export interface SessionAddress {
  readonly view?: View;
  /** Id of the selected event. */
  readonly event?: string;
  /** What is sought. */
  readonly q?: string;
  /** Kinds of events that the tree shows alone, with commas between them. */
  readonly only?: string;
  /** The part of the timeline that is seen: milliseconds since the session began, as `from-to`. */
  readonly zoom?: string;
  /** The list of sessions that it was opened from, as that one's own address says it. */
  readonly list?: string;
}

const LONGEST_LIST = 4_000;
const ZOOM = /^\d+(\.\d+)?-\d+(\.\d+)?$/;

export function validateSession(search: Record<string, unknown>): SessionAddress {
  const { view, event, q, only, zoom, list } = search;
  const kinds = kindsOf(typeof only === "string" ? only : "");
  return {
    ...(VIEWS.includes(view as View) ? { view: view as View } : {}),
    ...(typeof event === "string" && event ? { event } : {}),
    ...(isWritten(q) ? { q: String(q) } : {}),
    ...(kinds.length ? { only: kinds.join(",") } : {}),
    ...(typeof zoom === "string" && ZOOM.test(zoom) ? { zoom } : {}),
    ...(isList(list) ? { list } : {}),
  };
}

export function kindsOf(only: string | undefined): Kind[] {
  const named = only?.split(",") ?? [];
  return KINDS.filter((kind) => named.includes(kind));
}

function isList(value: unknown): value is string {
  return typeof value === "string" && value.startsWith("?") && value.length <= LONGEST_LIST;
}

/** A search for `404` comes as a number. */
function isWritten(value: unknown): boolean {
  return typeof value === "number" || (typeof value === "string" && value !== "");
}
