/** What the address of a list says: its whole state. */
export interface ListAddress {
  /** The text form of the filters. */
  readonly q?: string;
}

export function validateList(search: Record<string, unknown>): ListAddress {
  return typeof search["q"] === "string" && search["q"] ? { q: search["q"] } : {};
}
