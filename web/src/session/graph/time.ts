/** Where the time of a session went. All linear, and without recursion: trees may be very deep. */
import type { Extents } from "~/session/outline/extents";
import { type Outline, TOP } from "~/session/outline/outline";

/** Milliseconds of each node in which none of its children ran. */
export function selfTimes(outline: Outline, { begin, end }: Extents): Float64Array {
  const count = outline.length;
  const self = new Float64Array(count);
  const covered = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
  for (let place = 0; place < count; place += 1) {
    self[place] = (self[place] ?? 0) + (end[place] ?? 0) - (begin[place] ?? 0);
    const above = outline.parent(place);
    if (above === TOP) continue;
    // Siblings come by start time: all before `covered` is taken off already.
    const from = Math.max(begin[place] ?? 0, begin[above] ?? 0, covered[above] ?? 0);
    const to = Math.min(end[place] ?? 0, end[above] ?? 0);
    if (to <= from) continue;
    self[above] = (self[above] ?? 0) - (to - from);
    covered[above] = to;
  }
  return self.map((own) => Math.max(0, own));
}

/** A node, or the session, up to a moment that what follows waited for. */
interface Waited {
  readonly place: number;
  readonly until: number;
}

/**
 * Milliseconds of each node on the critical path, and zero of others: the chain of waits that made
 * the session as long as it was. From the end of a node backwards, it waited for the child that ended
 * last, before that for the one that had ended last when that one began, and so on; what lies between
 * is its own. A node on the path without time of its own has the least number above zero.
 */
export function criticalPath(outline: Outline, { begin, end, length }: Extents): Float64Array {
  const critical = new Float64Array(outline.length);
  const stack: Waited[] = [{ place: TOP, until: length }];
  for (let waited = stack.pop(); waited; waited = stack.pop()) {
    const { place, until } = waited;
    const floor = place === TOP ? 0 : (begin[place] ?? 0);
    const children = childrenOf(outline, place);
    const waits = waitsFor(children, begin, end, floor, until);
    // Not all at once: there may be more than a call can take arguments.
    for (const wait of waits) stack.push(wait);
    if (place === TOP) continue;
    const waiting = waits.reduce((sum, one) => sum + one.until - (begin[one.place] ?? 0), 0);
    critical[place] = Math.max(until - floor - waiting, Number.MIN_VALUE);
  }
  return critical;
}

/** The children that a node waited for between `floor` and `until`, latest first. */
function waitsFor(
  children: readonly number[],
  begin: Float64Array,
  end: Float64Array,
  floor: number,
  until: number,
): Waited[] {
  const latest = latestEnds(children, end);
  const waits: Waited[] = [];
  let [moment, among] = [until, children.length];
  while (moment > floor) {
    while (among > 0 && (begin[children[among - 1] ?? 0] ?? 0) >= moment) among -= 1;
    const child = children[latest[among - 1] ?? TOP];
    if (child === undefined) break;
    const ended = Math.min(end[child] ?? 0, moment);
    if (ended <= floor) break;
    const began = begin[child] ?? 0;
    if (ended > began) waits.push({ place: child, until: ended });
    moment = began;
  }
  return waits;
}

function childrenOf(outline: Outline, place: number): number[] {
  const children: number[] = [];
  const last = place === TOP ? outline.length : outline.after(place);
  for (let child = place + 1; child < last; child = outline.after(child)) children.push(child);
  return children;
}

/** Of the first n + 1 children, the number of the one that ended last. */
function latestEnds(children: readonly number[], end: Float64Array): Int32Array {
  const latest = new Int32Array(children.length);
  let best = 0;
  for (const [number, child] of children.entries()) {
    if ((end[child] ?? 0) >= (end[children[best] ?? 0] ?? 0)) best = number;
    latest[number] = best;
  }
  return latest;
}
