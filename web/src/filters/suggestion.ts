/** Names that somebody may have meant. */
import { distance } from "fastest-levenshtein";

/** A third of the letters may differ, and never more than this. */
const MOST_EDITS = 4;

/**
 * The known name nearest to `name`, or undefined where none is near: of the whole name, else of its
 * last part in another place. Case counts for nothing.
 */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const names = [...known];
  const part = lastPart(name);
  return closest(name, names, (one) => one) ?? closest(part, names, lastPart);
}

/** Undefined also where several are equally near. */
function closest(
  name: string,
  known: readonly string[],
  read: (candidate: string) => string,
): string | undefined {
  const sought = name.toLowerCase();
  let best: string | undefined;
  let bestEdits = Math.min(MOST_EDITS, Math.floor(sought.length / 3)) + 1;
  for (const candidate of known) {
    const compared = read(candidate).toLowerCase();
    if (Math.abs(compared.length - sought.length) > bestEdits) continue;
    const edits = distance(sought, compared);
    if (edits > bestEdits || (edits === bestEdits && best === undefined)) continue;
    best = edits === bestEdits ? undefined : candidate;
    bestEdits = edits;
  }
  return best;
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}
