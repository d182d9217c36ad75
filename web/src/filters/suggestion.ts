/** Names that somebody may have meant. */
import { distance } from "fastest-levenshtein";

/** A third of the letters may differ, and never more than this. */
const MOST_EDITS = 4;

/** The known name nearest to `name`, or undefined where none is near. Case counts for nothing. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const sought = name.toLowerCase();
  let best: string | undefined;
  let bestEdits = Math.min(MOST_EDITS, Math.floor(sought.length / 3)) + 1;
  for (const candidate of known) {
    if (Math.abs(candidate.length - sought.length) >= bestEdits) continue;
    const edits = distance(sought, candidate.toLowerCase());
    if (edits >= bestEdits) continue;
    best = candidate;
    bestEdits = edits;
  }
  return best ?? lastPart(sought, known);
}

/** `user_id` for `metadata.user_id`: the end of one known name only. */
function lastPart(sought: string, known: Iterable<string>): string | undefined {
  const ends = [...known].filter((name) => name.toLowerCase().endsWith(`.${sought}`));
  return ends.length === 1 ? ends[0] : undefined;
}
