/**
 * Saved views: named addresses of a list. They are kept in this browser, per project and list; to
 * show one to somebody else, share its link.
 */
import { type ListAddress, validateList } from "~/lists/address";

export interface View {
  readonly name: string;
  readonly address: ListAddress;
}

const MAX_VIEWS = 100;
const MAX_NAME = 80;

export function viewsKey(projectId: string, list: string): string {
  return `hh.views.${projectId}.${list}`;
}

/** Read what was stored; what is no view is left out, whoever wrote it. */
export function readViews(stored: string | null): View[] {
  let found: unknown;
  try {
    found = JSON.parse(stored ?? "[]");
  } catch {
    return [];
  }
  if (!Array.isArray(found)) return [];
  return found.filter(isView).map(({ name, address }) => ({
    name: name.slice(0, MAX_NAME),
    address: validateList(address),
  }));
}

/** With a view of this name; one that had it before is replaced. */
export function saved(views: readonly View[], name: string, address: ListAddress): View[] {
  const { row: _, ...kept } = address;
  const view = { name: name.trim().slice(0, MAX_NAME), address: kept };
  const others = views.filter((one) => one.name !== view.name);
  return [...others, view]
    .sort((one, other) => one.name.localeCompare(other.name))
    .slice(0, MAX_VIEWS);
}

export function renamed(views: readonly View[], from: string, to: string): View[] {
  const view = views.find(({ name }) => name === from);
  return view && to.trim() ? saved(removed(views, from), to, view.address) : [...views];
}

export function removed(views: readonly View[], name: string): View[] {
  return views.filter((view) => view.name !== name);
}

/** Whether an address shows what a view does, the row that is selected apart. */
export function shows(address: ListAddress, view: View): boolean {
  const written = ({ row: _, ...kept }: ListAddress) => JSON.stringify(Object.entries(kept).sort());
  return written(address) === written(view.address);
}

function isView(value: unknown): value is { name: string; address: Record<string, unknown> } {
  if (typeof value !== "object" || value === null) return false;
  const { name, address } = value as Record<string, unknown>;
  return typeof name === "string" && typeof address === "object" && address !== null;
}
