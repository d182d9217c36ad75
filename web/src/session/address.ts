/** What the address of a session says: which view, and what is selected in it. */
export const VIEWS = ["tree", "graph", "thread", "summary"] as const;
export type View = (typeof VIEWS)[number];

export interface SessionAddress {
  readonly view?: View;
  /** Id of the selected event. */
  readonly event?: string;
}

export function validateSession(search: Record<string, unknown>): SessionAddress {
  const { view, event } = search;
  return {
    ...(VIEWS.includes(view as View) ? { view: view as View } : {}),
    ...(typeof event === "string" && event ? { event } : {}),
  };
}
