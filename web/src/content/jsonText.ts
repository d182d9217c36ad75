/** JSON that stands in a text: read only where reading changes nothing of what was said. */
import { readJson, writeJson } from "~/api/exactJson";
import type { Json } from "~/content/messages";

const LONGEST = 1_000_000;
/** Strings whole, or a run of white space outside of them. */
const STRING_OR_SPACE = /("(?:[^"\\]|\\.)*")|[\t\n\r ]+/g;

/**
 * The object or list that a text is, or undefined: also where it would read differently, for keys
 * may repeat and numbers end with zeros.
 */
export function readJsonText(said: string): Json | undefined {
  if (said.length > LONGEST || !/^\s*[[{]/.test(said)) return undefined;
  try {
    const value = readJson(said) as Json;
    return writeJson(value) === compact(said) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The text as JSON writes it: without white space, each string in its one shortest form. */
function compact(said: string): string {
  return said.replaceAll(STRING_OR_SPACE, (_, string?: string) =>
    string === undefined ? "" : JSON.stringify(JSON.parse(string)),
  );
}
