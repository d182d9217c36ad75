/** The columns that lists have: any field can be one; those people know have names and formats. */
import { makeVisible } from "~/content/visible";
import { text } from "~/text/en";

export type Format =
  | "text"
  | "time"
  | "duration"
  | "count"
  | "cost"
  | "type"
  | "error"
  | "failures"
  | "preview"
  | "id";

export interface Column {
  /** Dotted path of its field. */
  readonly field: string;
  readonly label: string;
  readonly format: Format;
  /** Pixels. */
  readonly width: number;
  /** The API's name of it where a list can be sorted by it. */
  readonly sort?: string;
}

export const MIN_WIDTH = 56;
const MAX_WIDTH = 1_200;
const MAX_COLUMNS = 40;
const names = text.lists.columns;

const KNOWN: readonly Column[] = [
  { field: "event_name", label: names.name, format: "text", width: 260, sort: "event_name" },
  { field: "event_type", label: names.type, format: "type", width: 90 },
  { field: "start_time", label: names.started, format: "time", width: 96, sort: "start_time" },
  { field: "end_time", label: names.ended, format: "time", width: 96 },
  { field: "duration", label: names.duration, format: "duration", width: 96, sort: "duration" },
  { field: "error", label: names.error, format: "error", width: 180, sort: "error" },
  { field: "session_id", label: names.session, format: "id", width: 220 },
  { field: "event_id", label: names.id, format: "id", width: 160 },
  { field: "config.model", label: names.model, format: "text", width: 220 },
  { field: "config.provider", label: names.provider, format: "text", width: 110 },
  { field: "metadata.num_events", label: names.events, format: "count", width: 76 },
  { field: "metadata.num_model_events", label: names.modelCalls, format: "count", width: 96 },
  { field: "metadata.num_errors", label: names.errors, format: "failures", width: 76 },
  { field: "metadata.prompt_tokens", label: names.tokensIn, format: "count", width: 88 },
  { field: "metadata.completion_tokens", label: names.tokensOut, format: "count", width: 96 },
  {
    field: "metadata.total_tokens",
    label: names.tokens,
    format: "count",
    width: 88,
    sort: "total_tokens",
  },
  { field: "metadata.cost", label: names.cost, format: "cost", width: 112, sort: "cost" },
  { field: "inputs", label: names.input, format: "preview", width: 280 },
  { field: "outputs", label: names.output, format: "preview", width: 280 },
  { field: "user_properties.user_id", label: names.user, format: "text", width: 130 },
];
const BY_FIELD = new Map(KNOWN.map((column) => [column.field, column]));

/** The column of a field; one that has no name of its own is named by its path. */
export function columnOf(field: string): Column {
  return BY_FIELD.get(field) ?? { field, label: makeVisible(field), format: "text", width: 160 };
}

/** Read `event_name:240,start_time`: what cannot be read is left out, what stands twice counts once. */
export function readColumns(written: string | undefined, usual: readonly string[]): Column[] {
  const found = new Map<string, Column>();
  for (const part of written?.split(",") ?? []) {
    const [, name = "", width] = /^(.+?)(?::(\d{1,5}))?$/.exec(part.trim()) ?? [];
    const field = name.replaceAll(/%(?:25|2C|3A)/g, decodeURIComponent);
    if (!field || found.has(field)) continue;
    const column = columnOf(field);
    found.set(field, width ? resized(column, Number(width)) : column);
  }
  if (found.size === 0) return usual.map(columnOf);
  return [...found.values()].slice(0, MAX_COLUMNS);
}

/** Nothing where the columns are the usual ones in their usual width. */
export function writeColumns(
  columns: readonly Column[],
  usual: readonly string[],
): string | undefined {
  const written = columns
    .map(({ field, width }) => {
      const name = writtenName(field);
      return width === columnOf(field).width ? name : `${name}:${width}`;
    })
    .join(",");
  return written === usual.map(writtenName).join(",") || !written ? undefined : written;
}

/** A name as an address holds it: what parts columns and widths is encoded as in addresses. */
export function writtenName(field: string): string {
  return field.replaceAll(/[%,:]/g, encodeURIComponent);
}

export function resized(column: Column, width: number): Column {
  return { ...column, width: Math.round(Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, width))) };
}

export function moved<T>(items: readonly T[], from: number, to: number): T[] {
  const rest = items.filter((_, index) => index !== from);
  return [...rest.slice(0, to), ...items.slice(from, from + 1), ...rest.slice(to)];
}

export function isNumeric({ format }: Column): boolean {
  return ["duration", "count", "cost", "failures"].includes(format);
}
