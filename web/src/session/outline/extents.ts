/** When each node began and ended, in milliseconds since the session began. */
import { type Outline, TOP } from "~/session/outline/outline";

export interface Extents {
  readonly begin: Float64Array;
  readonly end: Float64Array;
  /** Milliseconds since 1970 at which everything begins. */
  readonly origin: number;
  /** Length of it all, never zero. */
  readonly length: number;
}

/**
 * A parent that has not arrived has no times: it began with its oldest child at the latest, and most
 * likely still runs, so that it ends where everything ends.
 */
export function extentsOf(outline: Outline): Extents {
  const { start, duration, parent } = outline.columns;
  const count = outline.length;
  const begin = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  const end = new Float64Array(count);
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let place = count - 1; place >= 0; place -= 1) {
    const at = start[place] ?? Number.NaN;
    if (!Number.isNaN(at)) {
      begin[place] = at;
      end[place] = at + Math.max(0, duration[place] ?? 0);
      first = Math.min(first, at);
      last = Math.max(last, end[place] ?? at);
    }
    const above = parent[place] ?? TOP;
    if (above !== TOP && Number.isNaN(start[above])) {
      begin[above] = Math.min(begin[above] ?? 0, begin[place] ?? 0);
    }
  }
  const origin = Number.isFinite(first) ? Math.min(first, outline.session.start_time) : 0;
  const finish = Math.max(last, outline.session.end_time, origin);
  for (let place = 0; place < count; place += 1) {
    const known = !Number.isNaN(start[place] ?? Number.NaN);
    if (!Number.isFinite(begin[place] ?? 0)) begin[place] = origin;
    begin[place] = (begin[place] ?? origin) - origin;
    end[place] = (known ? (end[place] ?? finish) : finish) - origin;
  }
  return { begin, end, origin, length: Math.max(finish - origin, Number.EPSILON) };
}
