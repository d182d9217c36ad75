/** The shared axis of time: which part of the session is seen, and where its ticks stand. */

/** Milliseconds since the session began. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

const MOST_ZOOMED_MS = 0.001;
const STEPS = [1, 2, 5] as const;
/** Beyond seconds, steps that clocks have. */
const CLOCK_STEPS = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * 1_000),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60_000),
  ...[1, 2, 3, 6, 12, 24].map((hours) => hours * 3_600_000),
];

/** Keep a range within the session, and not narrower than can be told apart. */
export function within({ from, to }: Range, length: number): Range {
  const width = Math.min(length, Math.max(to - from, MOST_ZOOMED_MS));
  const begin = Math.min(Math.max(0, from), length - width);
  return { from: begin, to: begin + width };
}

/** Zoom about a point, given as its share of the range; a `factor` above 1 shows more. */
export function zoomed({ from, to }: Range, factor: number, at: number, length: number): Range {
  const fixed = from + (to - from) * at;
  const width = (to - from) * factor;
  return within({ from: fixed - width * at, to: fixed + width * (1 - at) }, length);
}

/** Move by a share of what is seen. */
export function moved({ from, to }: Range, share: number, length: number): Range {
  const by = (to - from) * share;
  return within({ from: from + by, to: to + by }, length);
}

/** A range about a span, with some air on both sides. */
export function around(begin: number, end: number, length: number): Range {
  const air = Math.max((end - begin) * 0.15, MOST_ZOOMED_MS);
  return within({ from: begin - air, to: end + air }, length);
}

export interface Tick {
  readonly at: number;
  /** Share of the range. */
  readonly share: number;
}

/** At most `most` ticks and one, at round times. */
export function ticks({ from, to }: Range, most: number): Tick[] {
  const step = stepFor((to - from) / Math.max(1, most));
  const found: Tick[] = [];
  for (let number = Math.max(0, Math.ceil(from / step - 1e-9)); number * step <= to; number += 1) {
    const at = number * step;
    found.push({ at, share: (at - from) / (to - from) });
  }
  return found;
}

function stepFor(least: number): number {
  const clock = least >= 1_000 ? CLOCK_STEPS.find((step) => step >= least) : undefined;
  if (clock) return clock;
  const power = 10 ** Math.floor(Math.log10(least));
  return (STEPS.find((step) => step * power >= least * (1 - 1e-9)) ?? 10) * power;
}

/** What is seen of a bar. */
export interface Bar {
  /** Shares of the range. */
  readonly left: number;
  readonly width: number;
}

/** Undefined where the bar lies outside. */
export function barOf(begin: number, end: number, { from, to }: Range): Bar | undefined {
  if (end < from || begin > to) return undefined;
  const width = to - from;
  const left = Math.max(0, (begin - from) / width);
  return { left, width: Math.min(1, (end - from) / width) - left };
}

/** How a tick is written: in the unit that fits what is seen. */
export function tickLabel(at: number, { from, to }: Range): string {
  if (at === 0) return "0";
  const width = to - from;
  if (width < 2) return `${trimmed(at, 3)} ms`;
  if (to < 1_000) return `${trimmed(at, 1)} ms`;
  if (to < 120_000) return `${trimmed(at / 1000, width < 5_000 ? 2 : 1)} s`;
  return clock(at, width < 10_000);
}

function trimmed(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}

/** `1:05`, `1:02:05`; with `precise` also hundredths. */
function clock(ms: number, precise: boolean): string {
  const seconds = Math.round(ms / 10) / 100;
  const rest = seconds % 60;
  const end = precise ? rest.toFixed(2).padStart(5, "0") : two(Math.floor(rest));
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${end}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${end}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
