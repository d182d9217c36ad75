/** What lists ask the data plane of a project. All calls but `fields` are of the list API. */
import type { Project } from "~/api/control";
import { type DataPlane, dataPlaneOf } from "~/api/data";
import type { components } from "~/api/data.schema";
import { readJson } from "~/api/exactJson";
import type { Filter } from "~/filters/filter";
import type { DateRange } from "~/lists/ranges";
import type { Page, Row } from "~/lists/rows";

type Schemas = components["schemas"];

/** Which events: what every question about them begins with. */
export interface Matching {
  readonly filters: readonly Filter[];
  readonly dateRange?: DateRange;
}

export interface Search extends Matching {
  readonly sort?: { field: string; order: "asc" | "desc" };
  readonly projections?: readonly string[];
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly since?: string;
}

export interface Changes {
  readonly rows: readonly Row[];
  /** From where to ask next; nothing: the list has to be asked for anew. */
  readonly since: string | undefined;
}

export type Histogram = Schemas["HistogramAnswer"];
export type FieldValues = Schemas["ValuesAnswer"];
export type Field = Schemas["SchemaAnswer"]["fields"][number];

interface SearchAnswer extends Omit<Schemas["EventsAnswer"], "events"> {
  readonly events: readonly Row[];
  /** For the next question about changes; null where the plane cannot say. */
  readonly since?: string | null;
  /** More changed than one answer holds. */
  readonly more?: boolean;
}

/** RFC 7240: to be answered from the index as it is. */
const AT_ONCE = { Prefer: "wait=0" };
const FROM_THE_INDEX = { detail: "row", count: "none", live: true } as const;

export async function searchPage(
  project: Project,
  search: Search,
  signal: AbortSignal,
  { isHurried = false }: { readonly isHurried?: boolean } = {},
): Promise<Page> {
  const body = { ...FROM_THE_INDEX, ...search };
  const headers = isHurried ? AT_ONCE : {};
  const answer = await ask<SearchAnswer>(project, "/v1/events/search", body, signal, headers);
  const { events, next_cursor, since, warnings = [], behind = false, message } = answer;
  const { incomplete, scanned_until } = answer;
  return {
    rows: events,
    warnings,
    isBehind: behind,
    ...(isHurried ? { isHurried } : {}),
    ...(next_cursor ? { nextCursor: next_cursor } : {}),
    ...(since ? { since } : {}),
    ...(message ? { message } : {}),
    ...(incomplete && scanned_until !== undefined ? { scannedUntil: scanned_until } : {}),
  };
}

export async function searchChanges(
  project: Project,
  search: Search & { readonly since: string },
  signal: AbortSignal,
): Promise<Changes> {
  const body = { ...FROM_THE_INDEX, ...search };
  const answer = await ask<SearchAnswer>(project, "/v1/events/search", body, signal);
  return { rows: answer.events, since: answer.more ? undefined : (answer.since ?? undefined) };
}

/** A page of whole events, as the text that was sent. */
export async function searchText(
  project: Project,
  search: Search,
  signal: AbortSignal,
): Promise<string> {
  const plane = await dataPlaneOf(project);
  const body = { ...search, count: "none" };
  const { data } = await post(plane)("/v1/events/search", { body, signal, parseAs: "text" });
  return data as string;
}

export function histogram(
  project: Project,
  matching: Matching & { readonly buckets: number },
  signal: AbortSignal,
): Promise<Histogram> {
  return ask<Histogram>(project, "/v1/events/histogram", matching, signal);
}

export function values(
  project: Project,
  question: Matching & { readonly field: string; readonly contains?: string; limit: number },
  signal: AbortSignal,
): Promise<FieldValues> {
  return ask<FieldValues>(project, "/v1/events/values", question, signal);
}

export async function fields(project: Project, signal: AbortSignal): Promise<readonly Field[]> {
  const plane = await dataPlaneOf(project);
  const { data } = await plane.GET("/v1/events/schema", { signal });
  return data?.fields ?? [];
}

async function ask<T>(
  project: Project,
  path: string,
  body: object,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>> = {},
): Promise<T> {
  const plane = await dataPlaneOf(project);
  const { data } = await post(plane)(path, { body, signal, headers, parseAs: "text" });
  return readJson(data as string) as T;
}

type Post = (
  path: string,
  options: {
    body: object;
    signal: AbortSignal;
    headers?: Readonly<Record<string, string>>;
    parseAs: "text";
  },
) => Promise<{ data?: unknown }>;

function post(plane: DataPlane): Post {
  return plane.POST as unknown as Post;
}
