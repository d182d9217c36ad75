/** Writing events of a list into a file, page by page. */
import type { Project } from "~/api/control";
import { readJson } from "~/api/exactJson";
import { formatCount } from "~/formats/numbers";
import type { Column } from "~/lists/columns";
import { csvLine } from "~/lists/csv";
import { elementsOf } from "~/lists/elements";
import { asText, valueAt } from "~/lists/fields";
import type { Question } from "~/lists/question";
import { searchText } from "~/lists/requests";
import { type Row, rowKey, startOf } from "~/lists/rows";
import { text } from "~/text/en";

const words = text.lists.exporting;

export type ExportFormat = "csv" | "jsonl";

export const MEDIA_TYPES: Readonly<Record<ExportFormat, string>> = {
  csv: "text/csv;charset=utf-8",
  jsonl: "application/x-ndjson",
};

/** Of a selection of all that match: some hundred megabytes of whole events. */
export const MOST_EXPORTED = 100_000;
/** Whole events are large: so many keep an answer within some megabytes. */
const PAGE = 200;

interface Order {
  readonly project: Project;
  readonly question: Question;
  readonly columns: readonly Column[];
  readonly format: ExportFormat;
  /** Only these, by their keys. */
  readonly only?: ReadonlyMap<string, Row> | undefined;
  /** No more events than these. */
  readonly most?: number | undefined;
}

interface Chunk {
  readonly text: string;
  /** Events in it. */
  readonly count: number;
  /** Why the file is not whole, in the plane's words. */
  readonly message?: string;
}

/** What an answer says beside its events. */
interface Rest {
  readonly next_cursor?: string | null;
  readonly incomplete?: boolean;
  readonly message?: string;
}

/** The file in pieces. What is asked for again and again is held in memory one page at a time. */
export async function* exported(order: Order, signal: AbortSignal): AsyncGenerator<Chunk> {
  const { project, columns, format, only, most = Number.POSITIVE_INFINITY } = order;
  const question = only ? spanning(order.question, only) : order.question;
  const { filters, dateRange, sort } = question;
  const projections = format === "csv" ? csvFields(columns) : undefined;
  const missing = new Set(only?.keys());
  if (format === "csv") yield { text: csvLine(columns.map(({ field }) => field)), count: 0 };
  let cursor: string | undefined;
  let left = most;
  do {
    const answer = await searchText(
      project,
      {
        filters,
        sort,
        limit: Math.min(PAGE, left),
        cursor,
        ...(dateRange ? { dateRange } : {}),
        ...(projections ? { projections } : {}),
      },
      signal,
    );
    const { elements, rest } = elementsOf(answer, "events");
    const wanted = elements
      .map((written) => ({ written, row: readJson(written) as Row }))
      .filter(({ row }) => !only || missing.delete(rowKey(row)));
    const { next_cursor, incomplete, message } = rest as Rest;
    cursor = next_cursor ?? undefined;
    // Where there is a cursor, what was not looked at yet is asked for next.
    const isCut = incomplete && !cursor && message !== undefined;
    left -= elements.length;
    const end = isCut ? message : cursor && left <= 0 ? words.bound(formatCount(most)) : undefined;
    yield {
      text: wanted.map(({ written, row }) => lineOf(format, written, row, columns)).join(""),
      count: wanted.length,
      ...(end === undefined ? {} : { message: end }),
    };
  } while (cursor && left > 0 && (!only || missing.size > 0));
}

function lineOf(
  format: ExportFormat,
  written: string,
  row: Row,
  columns: readonly Column[],
): string {
  if (format === "jsonl") return `${written.replaceAll(/[\r\n]+\s*/g, " ")}\n`;
  return csvLine(columns.map(({ field, format: as }) => csvValue(valueAt(row, field), as)));
}

/** Times as everybody reads them; all else as it is. */
function csvValue(value: unknown, format: Column["format"]): string {
  if (format !== "time" || typeof value !== "number") return asText(value);
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? String(value) : date.toISOString();
}

function csvFields(columns: readonly Column[]): string[] {
  return [...new Set(["event_id", "event_type", ...columns.map(({ field }) => field)])];
}

/** The same question, of no more time than the selected rows take. */
function spanning(question: Question, only: ReadonlyMap<string, Row>): Question {
  const starts = [...only.values()].map(startOf);
  const dateRange = {
    $gte: Math.floor(starts.reduce((least, one) => Math.min(least, one), Number.POSITIVE_INFINITY)),
    $lte: Math.ceil(starts.reduce((most, one) => Math.max(most, one), 0)),
  };
  return { ...question, dateRange };
}
