/** Where a row leads: a session to its page, an event to its place in its session. */
import { defaultStringifySearch } from "@tanstack/react-router";
import type { ListAddress } from "~/lists/address";
import type { ListKind } from "~/lists/kinds";
import { writtenList } from "~/lists/listLink";
import type { Row } from "~/lists/rows";
import { addressOf } from "~/routes/address";

export interface Destination {
  readonly params: { readonly projectId: string; readonly sessionId: string };
  readonly search: { readonly event?: string; readonly list?: string };
}

export function destinationOf(projectId: string, row: Row): Destination {
  const { event_type: type, event_id: id, session_id: session } = row;
  return {
    params: { projectId, sessionId: session ?? id ?? "" },
    search: type === "session" || !id ? {} : { event: id },
  };
}

/** With the list that it stands in, in which one can go on from there. */
export function destinationFrom(
  projectId: string,
  row: Row,
  kind: ListKind,
  address: ListAddress,
): Destination {
  const { params, search } = destinationOf(projectId, row);
  const list = kind.name === "sessions" ? writtenList(address) : undefined;
  return { params, search: list ? { ...search, list } : search };
}

/** The same as an address: what a new tab opens, without the router's work for each row. */
export function hrefOf(projectId: string, row: Row): string {
  const { params, search } = destinationOf(projectId, row);
  const [project, session] = [params.projectId, params.sessionId].map(encodeURIComponent);
  return addressOf(`/projects/${project}/sessions/${session}${defaultStringifySearch(search)}`);
}
