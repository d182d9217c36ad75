import { isKnown, MINUS, UNKNOWN } from "~/formats/numbers";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A span of milliseconds in at most three digits or two units: `44 ms`, `1.23 s`, `2 min 05 s`. */
export function formatDuration(ms: number | null | undefined): string {
  if (!isKnown(ms)) return UNKNOWN;
  return ms < 0 ? MINUS + positive(-ms) : positive(ms);
}

/** Each limit stands where rounding would write a thousand of one unit instead of one of the next. */
function positive(ms: number): string {
  if (ms === 0) return "0 ms";
  if (ms < 0.9995) return `${Math.max(1, Math.round(ms * 1000))} µs`;
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${ms.toFixed(0)} ms`;
  if (ms < 9_995) return `${(ms / SECOND).toFixed(2)} s`;
  if (ms < 59_950) return `${(ms / SECOND).toFixed(1)} s`;
  if (ms < HOUR - SECOND / 2) return pair(ms, MINUTE, "min", SECOND, "s");
  if (ms < DAY - MINUTE / 2) return pair(ms, HOUR, "h", MINUTE, "min");
  return pair(ms, DAY, "d", HOUR, "h");
}

function pair(ms: number, large: number, largeName: string, small: number, smallName: string) {
  const smalls = Math.round(ms / small);
  const perLarge = large / small;
  const rest = String(smalls % perLarge).padStart(2, "0");
  return `${Math.floor(smalls / perLarge)} ${largeName} ${rest} ${smallName}`;
}
