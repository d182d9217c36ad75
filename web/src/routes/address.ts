/** Addresses whose query stands in the fragment: `/projects/1/events#?q=…`. A filter may hold words
 * of a prompt, and a browser never sends a fragment: so the control plane, which serves the page,
 * does not see what is looked for (DESIGN 4: no content reaches it).
 */

/** The address that a browser shows for a path of the router with its query. */
export function addressOf(path: string): string {
  const at = path.indexOf("?");
  return at < 0 ? path : `${path.slice(0, at)}#${path.slice(at)}`;
}

/** The path with its query that an address names. A query that was typed before the fragment counts
 * where the fragment holds none. */
export function pathOf({ pathname, search, hash }: Pick<Location, "pathname" | "search" | "hash">) {
  return pathname + (hash.startsWith("#?") ? hash.slice(1) : search);
}
