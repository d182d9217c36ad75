/** Ranges of start times: the presets, and what the address and the API make of them. */
import { formatTime } from "~/formats/times";
import type { ListAddress } from "~/lists/address";
import { text } from "~/text/en";

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

export interface Preset {
  readonly id: string;
  readonly label: string;
  /** Milliseconds before now; none: all there is. */
  readonly span?: number;
}

export const PRESETS: readonly Preset[] = [
  { id: "15m", label: text.lists.ranges.quarter, span: HOUR / 4 },
  { id: "1h", label: text.lists.ranges.hour, span: HOUR },
  { id: "24h", label: text.lists.ranges.day, span: 24 * HOUR },
  { id: "7d", label: text.lists.ranges.week, span: 7 * 24 * HOUR },
  { id: "30d", label: text.lists.ranges.month, span: 30 * 24 * HOUR },
  { id: "all", label: text.lists.ranges.all },
];
const DEFAULT_ID = "7d";

/** As the API takes it. */
export interface DateRange {
  readonly relative?: string;
  readonly $gte?: number;
  readonly $lte?: number;
}

type Ranged = Pick<ListAddress, "range" | "from" | "to">;

export function isFixed({ from, to }: Ranged): boolean {
  return from !== undefined || to !== undefined;
}

export function presetOf(address: Ranged): Preset | undefined {
  if (isFixed(address)) return undefined;
  const named = PRESETS.find(({ id }) => id === address.range);
  return named ?? PRESETS.find(({ id }) => id === DEFAULT_ID);
}

/** Nothing for all there is. */
export function dateRangeOf(address: Ranged): DateRange | undefined {
  const preset = presetOf(address);
  if (preset) return preset.span ? { relative: preset.id } : undefined;
  const { from, to } = address;
  return {
    ...(from === undefined ? {} : { $gte: from }),
    ...(to === undefined ? {} : { $lte: to }),
  };
}

export function rangeLabel(address: Ranged): string {
  const preset = presetOf(address);
  if (preset) return preset.label;
  const { from, to } = address;
  if (from === undefined) return `${text.lists.ranges.until} ${short(to)}`;
  if (to === undefined) return `${text.lists.ranges.since} ${short(from)}`;
  const isOneDay = new Date(from).toDateString() === new Date(to).toDateString();
  return `${short(from)} – ${isOneDay ? short(to).slice("2026-11-01 ".length) : short(to)}`;
}

/** What the address says of a preset: nothing for the one that counts anyway. */
export function toPreset(id: string): {
  range: string | undefined;
  from: undefined;
  to: undefined;
} {
  return { range: id === DEFAULT_ID ? undefined : id, from: undefined, to: undefined };
}

export function toFixed(from: number, to: number): { range: undefined; from: number; to: number } {
  return { range: undefined, from: Math.min(from, to), to: Math.max(from, to) };
}

function short(ms: number | undefined): string {
  return formatTime(ms).replace(/\.\d+$/, "");
}
