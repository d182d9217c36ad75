/** Reading values of an event by the dotted paths that filters, columns and projections use. */
import { ExactNumber, writeJson } from "~/api/exactJson";
import { makeVisible } from "~/content/visible";

type Value = unknown;

/**
 * The value at a path, or undefined. A key may itself hold dots, as OpenTelemetry's names do: of two
 * readings of a path the one with the longer first key counts.
 */
export function valueAt(event: Value, path: string): Value {
  return descend(event, path.split("."));
}

function descend(value: Value, parts: readonly string[]): Value {
  if (parts.length === 0) return value;
  if (typeof value !== "object" || value === null) return undefined;
  for (let length = parts.length; length > 0; length -= 1) {
    const key = parts.slice(0, length).join(".");
    if (!Object.hasOwn(value, key)) continue;
    const found = descend((value as Record<string, Value>)[key], parts.slice(length));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A cell never shows more; the whole is in the event. */
const LONGEST = 300;

/** What a cell shows of a value: its beginning, with nothing hidden in it. */
export function shownText(value: Value): string {
  return makeVisible(asText(value).slice(0, LONGEST));
}

/** A value as one line of text: what a cell shows that has no format of its own. */
export function asText(value: Value): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "string" || value instanceof ExactNumber) return String(value);
  return typeof value === "object" ? writeJson(value) : String(value);
}
