/** What the address of a list says: its whole state, so that a link, a reload and "back" restore it. */
export interface ListAddress {
  /** The text form of the filters. */
  readonly q?: string | undefined;
  /** Id of a preset of `ranges.ts`; the default where neither this nor `from` and `to` are there. */
  readonly range?: string | undefined;
  /** A fixed range: unix milliseconds, both ends included. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** A field to sort by, after a `-` where the largest comes first. */
  readonly sort?: string | undefined;
  /** Fields in their order, each with its width if it was changed: `event_name:240,start_time`. */
  readonly columns?: string | undefined;
  /** Only `false` is ever written: a list is live unless it was paused. */
  readonly live?: false | undefined;
  /** Id of the event that was opened last, to find it again after "back". */
  readonly row?: string | undefined;
}

const TEXTS = ["q", "range", "sort", "columns", "row"] as const;
const TIMES = ["from", "to"] as const;

export function validateList(search: Record<string, unknown>): ListAddress {
  const texts = TEXTS.filter((name) => isText(search[name])).map((name) => [name, search[name]]);
  const times = TIMES.filter((name) => isTime(search[name])).map((name) => [name, search[name]]);
  const isPaused = search["live"] === false || search["live"] === "false";
  return Object.fromEntries([...texts, ...times, ...(isPaused ? [["live", false]] : [])]);
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}

function isTime(value: unknown): boolean {
  return typeof value === "number" && Math.abs(value) <= 8.64e15;
}
