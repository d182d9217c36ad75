/** A list inside of another page's address: what a session was opened from. */
import { defaultParseSearch, defaultStringifySearch } from "@tanstack/react-router";
import { type ListAddress, validateList } from "~/lists/address";

/** Nothing for a list that nobody has changed. */
export function writtenList({ row: _, live: __, ...kept }: ListAddress): string | undefined {
  return defaultStringifySearch(kept) || undefined;
}

export function readList(written: string | undefined): ListAddress {
  return written ? validateList(defaultParseSearch(written)) : {};
}
